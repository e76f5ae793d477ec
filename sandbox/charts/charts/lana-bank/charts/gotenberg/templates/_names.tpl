{{- define "gotenberg.name" -}}
{{- printf "%s-gotenberg" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "gotenberg.selector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/name: gotenberg
{{- end }}
