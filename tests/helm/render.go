// Renders a Helm chart to YAML as `helm template` does, as far as our chart needs it: Go's text/template with sprig's functions,
// and Helm's own include, required, toYaml and Capabilities. For machines that have no helm.
//
// usage: render CHART VALUES.yaml RELEASE NAMESPACE KUBE_VERSION
package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"text/template"

	"github.com/Masterminds/sprig"
	"gopkg.in/yaml.v3"
)

type object = map[string]interface{}

func fail(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func read(path string) object {
	text, err := os.ReadFile(path)
	fail(err)
	out := object{}
	fail(yaml.Unmarshal(text, &out))
	return out
}

// What the user says over what the chart says; maps are merged, everything else is replaced.
func merge(below, above object) object {
	for key, value := range above {
		upper, isMap := value.(object)
		lower, wasMap := below[key].(object)
		if isMap && wasMap {
			below[key] = merge(lower, upper)
		} else {
			below[key] = value
		}
	}
	return below
}

func toYaml(value interface{}) (string, error) {
	var out bytes.Buffer
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	err := encoder.Encode(value)
	return strings.TrimSuffix(out.String(), "\n"), err
}

func main() {
	if len(os.Args) != 6 {
		fail(errors.New("usage: render CHART VALUES.yaml RELEASE NAMESPACE KUBE_VERSION"))
	}
	chart, release, namespace, version := os.Args[1], os.Args[3], os.Args[4], os.Args[5]
	about := read(filepath.Join(chart, "Chart.yaml"))
	values := merge(read(filepath.Join(chart, "values.yaml")), read(os.Args[2]))
	context := object{
		"Values":       values,
		"Chart":        object{"Name": about["name"], "Version": about["version"], "AppVersion": about["appVersion"]},
		"Release":      object{"Name": release, "Namespace": namespace, "Service": "Helm"},
		"Capabilities": object{"KubeVersion": object{"Version": version}},
	}

	all := template.New("chart").Option("missingkey=zero")
	functions := sprig.TxtFuncMap()
	functions["toYaml"] = toYaml
	functions["include"] = func(name string, data interface{}) (string, error) {
		var out strings.Builder
		err := all.ExecuteTemplate(&out, name, data)
		return out.String(), err
	}
	functions["required"] = func(why string, value interface{}) (interface{}, error) {
		if fmt.Sprint(value) == "" || fmt.Sprint(value) == "map[]" || value == nil {
			return nil, errors.New(why)
		}
		return value, nil
	}
	all.Funcs(functions)

	files, err := filepath.Glob(filepath.Join(chart, "templates", "*"))
	fail(err)
	sort.Strings(files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		fail(err)
		_, err = all.New(filepath.Base(file)).Parse(string(text))
		fail(err)
	}
	for _, file := range files {
		if filepath.Ext(file) != ".yaml" {
			continue
		}
		var out strings.Builder
		fail(all.ExecuteTemplate(&out, filepath.Base(file), context))
		fmt.Printf("---\n# %s\n%s\n", filepath.Base(file), out.String())
	}
	var notes strings.Builder
	fail(all.ExecuteTemplate(&notes, "NOTES.txt", context))
}
