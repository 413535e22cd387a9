{{/* The version of the chart, which shows the release an object is from. */}}
{{- define "countersign.chart" -}}
{{- printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" -}}
{{- end -}}

{{- define "countersign.helmLabels" -}}
helm.sh/chart: {{ include "countersign.chart" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- end -}}

{{- define "countersign.selector" -}}
app.kubernetes.io/name: countersign
app.kubernetes.io/component: operator
{{- end -}}

{{- define "countersign.labels" -}}
{{ include "countersign.selector" . }}
{{ include "countersign.helmLabels" . }}
{{- end -}}

{{/* Who the operator is for the API server, and for the policies. */}}
{{- define "countersign.username" -}}
{{- printf "system:serviceaccount:%s:%s" .Release.Namespace .Values.serviceAccount.name -}}
{{- end -}}

{{- define "countersign.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (.Values.image.tag | default .Chart.AppVersion) -}}
{{- end -}}
{{- end -}}

{{/* A shipped manifest, word for word, that stays when the release is uninstalled. */}}
{{- define "countersign.kept" -}}
{{- $labels := printf "\n  labels:\n    helm.sh/chart: %s\n" (include "countersign.chart" .root) -}}
{{- $text := printf "\n%s" .text | replace "\nmetadata:\n" "\nmetadata:\n  annotations:\n    helm.sh/resource-policy: keep\n" -}}
{{- $text | replace "\n  labels:\n" $labels | trim -}}
{{- end -}}

{{/*
The policies for this operator. The version in their names is that of their content, as `countersign admission` makes it:
the first eight digits of the SHA-256 of the text in which all versions are zeros. The operator looks for exactly these.
*/}}
{{- define "countersign.policies" -}}
{{- $text := .text | replace "system:serviceaccount:countersign-system:countersign" (include "countersign.username" .root) -}}
{{- $blank := regexReplaceAllLiteral "-[0-9a-f]{8}\\.countersign\\.dev" $text "-00000000.countersign.dev" -}}
{{- $version := $blank | sha256sum | trunc 8 -}}
{{- regexReplaceAllLiteral "-00000000\\.countersign\\.dev" $blank (printf "-%s.countersign.dev" $version) -}}
{{- end -}}

{{/* One object of deploy/rbac for this release: its namespace, its service account, its labels. */}}
{{- define "countersign.rbac" -}}
{{- $object := .object -}}
{{- $labels := include "countersign.helmLabels" .root | fromYaml -}}
{{- $_ := set $object.metadata "labels" (merge $labels $object.metadata.labels) -}}
{{- if $object.metadata.namespace -}}{{- $_ := set $object.metadata "namespace" .root.Release.Namespace -}}{{- end -}}
{{- range $object.subjects -}}
{{- $_ := set . "namespace" $.root.Release.Namespace -}}
{{- $_ := set . "name" $.root.Values.serviceAccount.name -}}
{{- end -}}
{{- toYaml $object -}}
{{- end -}}
