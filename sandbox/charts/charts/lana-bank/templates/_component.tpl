{{/* The name of a component, with the release in front: at most 63 letters, as Kubernetes wants. */}}
{{- define "lana-bank.name" -}}
{{- printf "%s-%s" .root.Release.Name .name | trunc 63 | trimSuffix "-" -}}
{{- end }}

{{/* What selects the pods of a component; never changes while a release lives. */}}
{{- define "lana-bank.selector" -}}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/name: {{ .name }}
{{- end }}

{{- define "lana-bank.labels" -}}
{{ include "lana-bank.selector" . }}
app.kubernetes.io/part-of: lana-bank
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}

{{/* An image by its digest. */}}
{{- define "lana-bank.image" -}}
{{- with .root.Values.imageRegistry }}{{ trimSuffix "/" . }}/{{ end -}}
{{ .values.image.repository }}@{{ .values.image.digest }}
{{- end }}

{{/* The address of the server, for those that ask it. */}}
{{- define "lana-bank.server" -}}
http://{{ include "lana-bank.name" (dict "root" .root "name" "server") }}:{{ .root.Values.lanaBank.port }}
{{- end }}

{{/* A Deployment and its Service. Takes root, name, values, and asks: whether it asks the server. */}}
{{- define "lana-bank.component" -}}
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ include "lana-bank.name" . }}
  labels:
    {{- include "lana-bank.labels" . | nindent 4 }}
spec:
  replicas: {{ .values.replicas }}
  selector:
    matchLabels:
      {{- include "lana-bank.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "lana-bank.labels" . | nindent 8 }}
    spec:
      {{- with .root.Values.imagePullSecrets }}
      imagePullSecrets:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      automountServiceAccountToken: false
      containers:
        - name: {{ .name }}
          image: {{ include "lana-bank.image" . | quote }}
          imagePullPolicy: IfNotPresent
          ports:
            - name: http
              containerPort: {{ .values.port }}
              protocol: TCP
          env:
            - name: HOST
              value: "0.0.0.0"
            - name: PORT
              value: {{ .values.port | quote }}
            {{- if .asks }}
            - name: LANA_BANK_URL
              value: {{ include "lana-bank.server" . | quote }}
            {{- end }}
            {{- range $name, $value := .values.env }}
            - name: {{ $name }}
              value: {{ $value | quote }}
            {{- end }}
          {{- with .values.secrets }}
          envFrom:
            {{- range . }}
            - secretRef:
                name: {{ . }}
            {{- end }}
          {{- end }}
          readinessProbe:
            httpGet:
              path: /healthz
              port: http
            periodSeconds: 5
          livenessProbe:
            httpGet:
              path: /healthz
              port: http
            initialDelaySeconds: 10
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            runAsNonRoot: true
            runAsUser: 65532
            capabilities:
              drop: [ALL]
          {{- with .values.resources }}
          resources:
            {{- toYaml . | nindent 12 }}
          {{- end }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ include "lana-bank.name" . }}
  labels:
    {{- include "lana-bank.labels" . | nindent 4 }}
spec:
  type: ClusterIP
  selector:
    {{- include "lana-bank.selector" . | nindent 4 }}
  ports:
    - name: http
      port: {{ .values.port }}
      targetPort: http
      protocol: TCP
{{- end }}
