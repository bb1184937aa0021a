package procs

import (
	"slices"
	"strings"
	"testing"

	"imgpipe/pipeline"
	"imgpipe/pipeline/executortest"
)

func newPool(t testing.TB, opts Options) *Pool {
	t.Helper()
	opts.gullible = slices.ContainsFunc(opts.Env, func(v string) bool {
		return strings.HasPrefix(v, "IMGPIPE_TEST_FAULT=")
	})
	p, err := New(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

func TestPoolConforms(t *testing.T) {
	for _, tt := range []struct {
		name string
		opts Options
	}{
		{"lazy", Options{Workers: 3}},
		{"prestarted", Options{Workers: 2, Prestart: true}},
		{"recycled", Options{Workers: 2, Recycle: 5}},
		{"ahead", Options{Workers: 2, Ahead: true}},
		{"ahead and recycled", Options{Workers: 2, Ahead: true, Recycle: 5}},
		{"a process for each image", Options{Workers: 2, Recycle: 1, OnDemand: true}},
		{"pipes", Options{Workers: 2, Prestart: true, Pipes: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			executortest.Run(t, func(t *testing.T) pipeline.Executor { return newPool(t, tt.opts) })
		})
	}
}
