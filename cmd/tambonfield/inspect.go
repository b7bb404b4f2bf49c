package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"io"
	"os"

	"github.com/fxamacker/cbor/v2"
	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/spf13/cobra"

	"tambonsync/cmd/terminal"
	"tambonsync/syncproto"
	"tambonsync/syncproto/survey"
	"tambonsync/syncproto/view"
)

func newInspect() *cobra.Command {
	c := &cobra.Command{
		Use:   "inspect FILE",
		Short: "Print a message or record of the protocol as JSON",
		Long: `inspect reads the bytes of one record or message of the sync protocol, plain or
compressed with zstd or gzip, and prints them as JSON. FILE may be - for the
standard input. Byte strings are shown as hexadecimal; a record inside a message
is shown with its tables.`,
		Example: "  tambonfield inspect testdata/protocol/record-conflict.cbor",
		Args:    cobra.ExactArgs(1),
		RunE: func(c *cobra.Command, args []string) error {
			raw, err := readBounded(args[0], c.InOrStdin())
			if err != nil {
				return err
			}
			v, err := inspect(raw)
			if err != nil {
				return terminal.Input("%s: %w", args[0], err)
			}
			return terminal.JSON(c.OutOrStdout(), v)
		},
	}
	c.Flags().Bool("json", true, "print JSON (always)")
	return c
}

func readBounded(path string, stdin io.Reader) ([]byte, error) {
	r := stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer func() { _ = f.Close() }()
		r = f
	}
	return bounded(r)
}

func bounded(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(io.LimitReader(r, syncproto.MaxMessageBytes+1))
	if err == nil && len(b) > syncproto.MaxMessageBytes {
		err = terminal.Input("more than the protocol's %d bytes", syncproto.MaxMessageBytes)
	}
	return b, err
}

func inspect(raw []byte) (any, error) {
	plain, err := unpack(raw)
	if err != nil {
		return nil, err
	}
	if rec, err := syncproto.DecodeRecord(plain); err == nil {
		return recordTables(rec, plain), nil
	}
	dec, err := cbor.DecOptions{MaxNestedLevels: 32, IndefLength: cbor.IndefLengthForbidden}.DecMode()
	if err != nil {
		return nil, err
	}
	var v any
	if err := dec.Unmarshal(plain, &v); err != nil {
		return nil, fmt.Errorf("neither a record nor a message: %w", err)
	}
	return readable(v), nil
}

// unpack undoes zstd or gzip, told by their first bytes.
func unpack(raw []byte) ([]byte, error) {
	switch {
	case bytes.HasPrefix(raw, []byte{0x28, 0xb5, 0x2f, 0xfd}):
		d, err := zstd.NewReader(bytes.NewReader(raw), zstd.WithDecoderMaxMemory(2*syncproto.MaxMessageBytes))
		if err != nil {
			return nil, err
		}
		defer d.Close()
		return bounded(d)
	case bytes.HasPrefix(raw, []byte{0x1f, 0x8b}):
		d, err := gzip.NewReader(bytes.NewReader(raw))
		if err != nil {
			return nil, err
		}
		return bounded(d)
	}
	return raw, nil
}

// readable turns decoded CBOR into what JSON can hold.
func readable(v any) any {
	switch v := v.(type) {
	case []byte:
		if rec, err := syncproto.DecodeRecord(v); err == nil {
			return recordTables(rec, v)
		}
		return hex.EncodeToString(v)
	case []any:
		out := make([]any, len(v))
		for i, e := range v {
			out[i] = readable(e)
		}
		return out
	case map[any]any:
		out := make(map[string]any, len(v))
		for k, e := range v {
			out[fmt.Sprint(k)] = readable(e)
		}
		return out
	}
	return v
}

// recordTables shows a record with every save and every answer in it.
func recordTables(rec syncproto.Record, raw []byte) map[string]any {
	ops := make([]map[string]any, len(rec.Ops))
	for i, op := range rec.Ops {
		ops[i] = map[string]any{
			"dot": op.Dot.String(), "wall": op.Wall, "offset": op.Offset, "hash": hex.EncodeToString(op.Hash[:]),
			"user": op.User, "form": op.Form, "app": op.App, "reason": op.Reason,
		}
	}
	groups := map[string]any{}
	for name, entries := range rec.Groups {
		list := make([]map[string]any, len(entries))
		for i, e := range entries {
			v, err := e.Value.Any()
			if err != nil {
				v = err.Error()
			}
			list[i] = map[string]any{"dot": e.Dot.String(), "value": readable(v)}
		}
		groups[name] = list
	}
	return map[string]any{
		"record": view.NewRecordView(rec, survey.Builtin()), "saves": ops, "groups": groups,
		"item_hash": hex.EncodeToString(hash(raw)), "bytes": len(raw),
	}
}

func hash(raw []byte) []byte {
	h := syncproto.HashRecord(raw)
	return h[:]
}
