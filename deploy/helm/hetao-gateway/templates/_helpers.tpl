{{- define "hetao.labels" -}}
app.kubernetes.io/name: hetao-gateway
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "hetao.selector" -}}
app.kubernetes.io/name: hetao-gateway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "hetao.name" -}}
{{ printf "%s-hetao-gateway" .Release.Name | trunc 52 | trimSuffix "-" }}
{{- end }}
