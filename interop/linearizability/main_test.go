package main

import (
	"io"
	"strings"
	"testing"
)

// Two admins and a reader; g is the genesis.
const good = `
{"what":"begin","tailnet":"t","hash":"g"}
{"op":"a1","who":"a","tailnet":"t","what":"edit","parent":"g","hash":"x","begun":10,"ended":20,"answer":"ok"}
{"op":"b1","who":"b","tailnet":"t","what":"edit","parent":"g","hash":"w","begun":12,"ended":30,"answer":"conflict"}
{"op":"r1","who":"r","tailnet":"t","what":"offer","head":"x","begun":15,"ended":30,"answer":"ok"}
{"op":"a2","who":"a","tailnet":"t","what":"edit","parent":"x","hash":"y","begun":31,"ended":40,"answer":"none"}
{"op":"r2","who":"r","tailnet":"t","what":"offer","head":"x","begun":41,"ended":42,"answer":"ok"}
{"op":"r3","who":"r","tailnet":"t","what":"offer","head":"y","begun":43,"ended":44,"answer":"ok"}
{"op":"a2","who":"a","tailnet":"t","what":"edit","parent":"x","hash":"y","begun":45,"ended":50,"answer":"ok"}
{"op":"b2","who":"b","tailnet":"t","what":"edit","parent":"y","hash":"z","begun":51,"ended":60,"answer":"ok"}
{"op":"a3","who":"a","tailnet":"t","what":"edit","parent":"z","hash":"v","begun":61,"ended":70,"answer":"none"}
`

func status(t *testing.T, lines string) int {
	t.Helper()
	calls, err := read(strings.NewReader(strings.TrimSpace(lines)))
	if err != nil {
		t.Fatal(err)
	}
	return check(calls, io.Discard)
}

func TestWhatARegisterDoesIsAccepted(t *testing.T) {
	for name, more := range map[string]string{
		"nothing more": "",
		"an edit without an answer had no effect": `{"op":"r4","who":"r","tailnet":"t","what":"offer","head":"z","begun":71,"ended":72,"answer":"ok"}`,
		"an edit without an answer had its effect late": `
{"op":"r4","who":"r","tailnet":"t","what":"offer","head":"z","begun":71,"ended":72,"answer":"ok"}
{"op":"r5","who":"r","tailnet":"t","what":"offer","head":"v","begun":73,"ended":74,"answer":"ok"}`,
		"a revocation takes the place of what follows its parent": `
{"op":"a4","who":"a","tailnet":"t","what":"revoke","parent":"x","hash":"R","begun":71,"ended":72,"answer":"ok"}
{"op":"r5","who":"r","tailnet":"t","what":"offer","head":"R","begun":73,"ended":74,"answer":"ok"}`,
		"a restore brings an older head back": `
{"what":"restore","tailnet":"t","begun":71,"ended":80,"answer":"ok"}
{"op":"r4","who":"r","tailnet":"t","what":"offer","head":"g","begun":75,"ended":76,"answer":"ok"}
{"op":"r5","who":"r","tailnet":"t","what":"offer","head":"x","begun":81,"ended":82,"answer":"ok"}
{"op":"a4","who":"a","tailnet":"t","what":"edit","parent":"x","hash":"u","begun":83,"ended":84,"answer":"ok"}`,
		"a node gives back what a restore lost": `
{"what":"restore","tailnet":"t","begun":71,"ended":80,"answer":"ok"}
{"op":"r4","who":"r","tailnet":"t","what":"offer","head":"x","begun":81,"ended":82,"answer":"ok"}
{"op":"a4","who":"a","tailnet":"t","what":"giveBack","parent":"x","hash":"z","head":"z","begun":83,"ended":84,"answer":"ok"}
{"op":"r5","who":"r","tailnet":"t","what":"giveBack","parent":"g","hash":"y","head":"z","begun":85,"ended":86,"answer":"ok"}
{"op":"a5","who":"a","tailnet":"t","what":"edit","parent":"z","hash":"u","begun":87,"ended":88,"answer":"ok"}`,
		"what a node gives back loses": `
{"what":"restore","tailnet":"t","begun":71,"ended":80,"answer":"ok"}
{"op":"b4","who":"b","tailnet":"t","what":"edit","parent":"x","hash":"u","begun":81,"ended":82,"answer":"ok"}
{"op":"a4","who":"a","tailnet":"t","what":"giveBack","parent":"y","hash":"z","head":"u","begun":83,"ended":84,"answer":"ok"}
{"op":"b5","who":"b","tailnet":"t","what":"edit","parent":"u","hash":"q","begun":85,"ended":86,"answer":"ok"}`,
	} {
		if status(t, good+strings.TrimSpace(more)) != 0 {
			t.Errorf("%s: refused", name)
		}
	}
}

func TestWhatNoRegisterDoesIsFound(t *testing.T) {
	for name, more := range map[string]string{
		"an acknowledged edit was lost": `
{"op":"a4","who":"a","tailnet":"t","what":"edit","parent":"z","hash":"v2","begun":71,"ended":72,"answer":"ok"}
{"op":"b4","who":"b","tailnet":"t","what":"edit","parent":"z","hash":"v3","begun":73,"ended":74,"answer":"ok"}`,
		"a read was stale": `
{"op":"r4","who":"r","tailnet":"t","what":"offer","head":"y","begun":71,"ended":72,"answer":"ok"}`,
		"an edit was made twice": `
{"op":"a4","who":"a","tailnet":"t","what":"edit","parent":"y","hash":"z2","begun":71,"ended":72,"answer":"ok"}`,
		"an edit was refused and made": `
{"op":"a4","who":"a","tailnet":"t","what":"edit","parent":"z","hash":"v2","begun":71,"ended":72,"answer":"refused"}
{"op":"r4","who":"r","tailnet":"t","what":"offer","head":"v2","begun":73,"ended":74,"answer":"ok"}`,
		"an edit was refused on the head": `
{"op":"b4","who":"b","tailnet":"t","what":"edit","parent":"y","hash":"y2","begun":71,"ended":72,"answer":"conflict"}
{"op":"b5","who":"b","tailnet":"t","what":"edit","parent":"z","hash":"v2","begun":73,"ended":74,"answer":"conflict"}
{"op":"r4","who":"r","tailnet":"t","what":"offer","head":"z","begun":75,"ended":76,"answer":"ok"}`,
		"a head went back": `
{"op":"r4","who":"r","tailnet":"t","what":"offer","head":"v","begun":71,"ended":72,"answer":"ok"}
{"op":"r5","who":"r","tailnet":"t","what":"offer","head":"z","begun":73,"ended":74,"answer":"ok"}`,
		"the place that a tailnet had left was written": `
{"op":"a4","who":"a","at":"old","tailnet":"t","what":"edit","parent":"z","hash":"v2","begun":71,"ended":72,"answer":"ok"}
{"op":"r4","who":"r","at":"new","tailnet":"t","what":"offer","head":"z","begun":73,"ended":74,"answer":"ok"}`,
		"what a node gave back was lost": `
{"what":"restore","tailnet":"t","begun":71,"ended":80,"answer":"ok"}
{"op":"r4","who":"r","tailnet":"t","what":"offer","head":"x","begun":81,"ended":82,"answer":"ok"}
{"op":"a4","who":"a","tailnet":"t","what":"giveBack","parent":"x","hash":"z","head":"z","begun":83,"ended":84,"answer":"ok"}
{"op":"a5","who":"a","tailnet":"t","what":"edit","parent":"x","hash":"u","begun":87,"ended":88,"answer":"ok"}`,
		"what a node gave back is told wrongly": `
{"what":"restore","tailnet":"t","begun":71,"ended":80,"answer":"ok"}
{"op":"r4","who":"r","tailnet":"t","what":"offer","head":"z","begun":81,"ended":82,"answer":"ok"}
{"op":"a4","who":"a","tailnet":"t","what":"giveBack","parent":"g","hash":"x","head":"x","begun":83,"ended":84,"answer":"ok"}`,
		"a lost edit after a restore": `
{"what":"restore","tailnet":"t","begun":71,"ended":80,"answer":"ok"}
{"op":"r4","who":"r","tailnet":"t","what":"offer","head":"x","begun":81,"ended":82,"answer":"ok"}
{"op":"a4","who":"a","tailnet":"t","what":"edit","parent":"x","hash":"u","begun":83,"ended":84,"answer":"ok"}
{"op":"r5","who":"r","tailnet":"t","what":"offer","head":"x","begun":85,"ended":86,"answer":"ok"}`,
	} {
		if status(t, good+strings.TrimSpace(more)) != 1 {
			t.Errorf("%s: accepted", name)
		}
	}
}
