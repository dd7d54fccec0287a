// Command manifest prints the JSON Schema of the manifests that runs write, or checks manifests against it.
//
//	manifest                  prints the schema
//	manifest FILE...          checks each file
//
// By the schema a manifest has its members, each of its type. iperf.Replay also finds values that no run can have, and raw
// files that were changed.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"reflect"
	"time"

	"github.com/google/jsonschema-go/jsonschema"

	"github.com/tunaperf/tuna/iperf"
	"github.com/tunaperf/tuna/iperf/report"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "manifest:", err)
		os.Exit(1)
	}
}

func run(files []string, out io.Writer) error {
	s, err := schema()
	if err != nil {
		return err
	}
	if len(files) == 0 {
		text, err := json.MarshalIndent(s, "", "  ")
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%s\n", text)
		return err
	}
	resolved, err := s.Resolve(nil)
	if err != nil {
		return err
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := check(resolved, text); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		fmt.Fprintf(out, "%s: valid\n", name)
	}
	return nil
}

// schema returns the JSON Schema of a manifest.
func schema() (*jsonschema.Schema, error) {
	zero, most := 0.0, 1e18
	limit, err := limitSchema()
	if err != nil {
		return nil, err
	}
	s, err := jsonschema.For[iperf.Manifest](&jsonschema.ForOptions{TypeSchemas: map[reflect.Type]*jsonschema.Schema{
		reflect.TypeFor[time.Duration]():  {Type: "integer", Description: "in nanoseconds"},
		reflect.TypeFor[time.Time]():      {Type: "string", Format: "date-time"},
		reflect.TypeFor[iperf.Limit]():    limit,
		reflect.TypeFor[report.BitRate](): {Type: "number", Description: "in bits per second", Minimum: &zero, Maximum: &most},
	}})
	if err != nil {
		return nil, err
	}
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", "Manifest of a run of tuna"
	s.Properties["schema"] = &jsonschema.Schema{Const: jsonschema.Ptr[any](iperf.ManifestSchema)}
	s.Properties["direction"].Enum = []any{iperf.Upstream.String(), iperf.Downstream.String()}
	s.Properties["files"].AdditionalProperties.Pattern = "^[0-9a-f]{64}$"
	return s, nil
}

// limitSchema returns the schema of a Limit, which writes its kind and side as text.
func limitSchema() (*jsonschema.Schema, error) {
	figures, err := jsonschema.For[[]iperf.Figure](nil)
	if err != nil {
		return nil, err
	}
	var kinds []any
	for k := iperf.LimitUnknown; k <= iperf.LimitCongestionControl; k++ {
		kinds = append(kinds, k.String())
	}
	return &jsonschema.Schema{
		Type: "object",
		Properties: map[string]*jsonschema.Schema{
			"kind":     {Type: "string", Enum: kinds},
			"side":     {Type: "string", Enum: []any{iperf.RoleClient.String(), iperf.RoleServer.String()}},
			"evidence": figures,
		},
		Required:             []string{"kind"},
		AdditionalProperties: &jsonschema.Schema{Not: &jsonschema.Schema{}},
	}, nil
}

// check returns an error unless text is a manifest by its schema.
func check(s *jsonschema.Resolved, text []byte) error {
	var manifest any
	if err := json.Unmarshal(text, &manifest); err != nil {
		return err
	}
	return s.Validate(manifest)
}
