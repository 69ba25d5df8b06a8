{{- define "steptrace.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "steptrace.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 52 | trimSuffix "-" -}}
{{- else -}}
{{- $name := include "steptrace.name" . -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- $full | trunc 52 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "steptrace.serviceAccountName" -}}
{{- default (include "steptrace.fullname" .) .Values.serviceAccount.name -}}
{{- end -}}

{{- define "steptrace.selectorLabels" -}}
app.kubernetes.io/name: {{ include "steptrace.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "steptrace.labels" -}}
{{ include "steptrace.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- /* Exactly what the gateway asks the API server for. */ -}}
{{- define "steptrace.rules" -}}
- apiGroups: [tekton.dev]
  resources: [taskruns]
  verbs: [list, watch]
- apiGroups: [""]
  resources: [pods, events]
  verbs: [list, watch]
{{- end -}}

{{- /* And of Leases, in its own namespace. */ -}}
{{- define "steptrace.leaseRules" -}}
- apiGroups: [coordination.k8s.io]
  resources: [leases]
  verbs: [list, create, update, delete]
{{- end -}}

{{- /* The configuration that the values make, with .Values.config laid over it. */ -}}
{{- define "steptrace.config" -}}
{{- $config := include "steptrace.baseConfig" . | fromYaml -}}
{{- mustMergeOverwrite $config (deepCopy .Values.config) | toYaml -}}
{{- end -}}

{{- define "steptrace.baseConfig" -}}
receivers:
  otlp:
    protocols:
      grpc:
        endpoint: 0.0.0.0:4317
        {{- if .Values.tls.enabled }}
        tls:
          cert_file: /etc/steptrace-tls/tls.crt
          key_file: /etc/steptrace-tls/tls.key
          reload_interval: 1m
        {{- end }}
        {{- if .Values.basicAuth.enabled }}
        auth:
          authenticator: basicauth
        {{- end }}
      http:
        endpoint: 0.0.0.0:4318
        {{- if .Values.tls.enabled }}
        tls:
          cert_file: /etc/steptrace-tls/tls.crt
          key_file: /etc/steptrace-tls/tls.key
          reload_interval: 1m
        {{- end }}
        {{- if .Values.basicAuth.enabled }}
        auth:
          authenticator: basicauth
        {{- end }}
processors:
  memory_limiter:
    check_interval: 1s
    limit_percentage: 80
    spike_limit_percentage: 10
  tekton_steps:
    {{- with .Values.namespaces }}
    namespaces:
      {{- toYaml . | nindent 6 }}
    {{- end }}
    {{- if .Values.sharding.enabled }}
    sharding:
      enabled: true
      # Another release in this namespace is another group.
      group: {{ include "steptrace.fullname" . | replace "." "-" }}
    {{- end }}
exporters:
  otlp_http:
    endpoint: ${env:STEPTRACE_BACKEND}
    compression: none
    {{- if .Values.persistentQueue.enabled }}
    sending_queue:
      storage: file_storage
      sizer: bytes
      queue_size: {{ int64 .Values.persistentQueue.queueSize }}
    {{- end }}
extensions:
  health_check:
    endpoint: 0.0.0.0:13133
  {{- if .Values.persistentQueue.enabled }}
  file_storage:
    directory: /var/lib/steptrace/queue
    create_directory: true
  {{- end }}
  {{- if .Values.basicAuth.enabled }}
  basicauth:
    htpasswd:
      file: /etc/steptrace-htpasswd/htpasswd
  {{- end }}
service:
  extensions:
    - health_check
    {{- if .Values.persistentQueue.enabled }}
    - file_storage
    {{- end }}
    {{- if .Values.basicAuth.enabled }}
    - basicauth
    {{- end }}
  pipelines:
    traces:
      receivers: [otlp]
      processors: [memory_limiter, tekton_steps]
      exporters: [otlp_http]
  telemetry:
    metrics:
      readers:
        - pull:
            exporter:
              prometheus:
                host: 0.0.0.0
                port: 8888
{{- end -}}
