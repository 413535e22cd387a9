// Says what Flux makes of objects under health check expressions, with the evaluator that Flux runs.
//
// The argument names a file with {"checks": [{"current": ..., "inProgress": ..., "failed": ...}], "objects": [...]}.
// For each check a list is written, with a word for each object; "error: ..." where an expression cannot be
// evaluated, upon which Flux looks again until its time is up.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"

	"github.com/fluxcd/pkg/apis/kustomize"
	"github.com/fluxcd/pkg/runtime/cel"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run() error {
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: flux-health FILE")
	}
	text, err := os.ReadFile(os.Args[1])
	if err != nil {
		return err
	}
	var input struct {
		Checks  []kustomize.HealthCheckExpressions `json:"checks"`
		Objects []json.RawMessage                  `json:"objects"`
	}
	if err := json.Unmarshal(text, &input); err != nil {
		return err
	}
	words := make([][]string, len(input.Checks))
	for number := range input.Checks {
		evaluator, err := cel.NewStatusEvaluator(&input.Checks[number])
		if err != nil {
			return err
		}
		for _, object := range input.Objects {
			word, err := evaluate(evaluator, object)
			if err != nil {
				return err
			}
			words[number] = append(words[number], word)
		}
	}
	return json.NewEncoder(os.Stdout).Encode(words)
}

func evaluate(evaluator *cel.StatusEvaluator, text []byte) (string, error) {
	object := &unstructured.Unstructured{}
	if err := object.UnmarshalJSON(text); err != nil {
		return "", err
	}
	result, err := evaluator.Evaluate(context.Background(), object)
	if err != nil {
		return "error: " + err.Error(), nil
	}
	return string(result.Status), nil
}
