{{- define "oathkeeper.name" -}}
{{- printf "%s-oathkeeper" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "oathkeeper.selector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/name: oathkeeper
{{- end }}
