{{- define "oauth2-proxy.name" -}}
{{- printf "%s-oauth2-proxy" .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{- define "oauth2-proxy.selector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/name: oauth2-proxy
{{- end }}
