// Checks a history of the campaign (bench/README.md): whether the head of each tailnet behaved as
// one register that is compared and set, whichever replica answered (service, section 7).
//
//	linearizability FILE
//
// The status is 0 if it did, 1 if it did not, and 2 if the file cannot be read or judged in time.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"os"
	"sort"
	"time"

	"github.com/anishathalye/porcupine"
)

const patience = 2 * time.Minute

// A call is one line: one request to one server, and what came back.
type call struct {
	Op      string `json:"op"` // alike in the attempts of one operation
	Who     string `json:"who"`
	At      string `json:"at"`
	Tailnet string `json:"tailnet"`
	What    string `json:"what"`
	Begun   int64  `json:"begun"`
	Ended   int64  `json:"ended"`
	Answer  string `json:"answer"`
	Parent  string `json:"parent"`
	Hash    string `json:"hash"`
	Head    string `json:"head"`
}

func read(in io.Reader) ([]call, error) {
	var calls []call
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, 1<<20)
	for number := 1; lines.Scan(); number++ {
		var next call
		if err := json.Unmarshal(lines.Bytes(), &next); err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
		calls = append(calls, next)
	}
	return calls, lines.Err()
}

// A history is that of one tailnet, between two restores.
type history struct {
	name    string
	first   string // the head at the beginning; empty if unknown
	calls   []call
	parents map[string]string
	seen    map[string]bool // what was on the chain at some time
}

// isOn tells whether an AUM is a head or one of its ancestors.
func (h *history) isOn(hash, head string) bool {
	if !h.seen[hash] {
		return false
	}
	for at := head; at != ""; at = h.parents[at] {
		if at == hash {
			return true
		}
	}
	return false
}

// step is the register: it takes an operation at a head, and tells what the head is then.
func (h *history) step(head string, op call) (bool, string) {
	if head == "" {
		// After a restore, the first answer says where it stands.
		switch {
		case op.What == "offer" || op.What == "giveBack" && op.Answer == "ok":
			return true, op.Head
		case op.Answer == "ok" || op.Answer == "none":
			return true, op.Hash
		default:
			return true, head
		}
	}
	switch {
	case op.What == "offer":
		return op.Head == head, head
	case op.What == "giveBack":
		return h.giveBack(head, op)
	case op.Answer == "conflict":
		return head != op.Parent && !h.isOn(op.Hash, head), head
	case op.Answer == "refused":
		return !h.isOn(op.Hash, head), head
	case h.isOn(op.Hash, head):
		// A second attempt, of which the first had its effect.
		return true, head
	case op.What == "revoke":
		return h.isOn(op.Parent, head), op.Hash
	default:
		return head == op.Parent, op.Hash
	}
}

// giveBack takes what a node had and control did not, as after a restore: it follows the head or
// displaces it, or it loses. The answer tells the head afterwards.
func (h *history) giveBack(head string, op call) (bool, string) {
	switch {
	case h.isOn(op.Hash, head):
		return op.Answer != "ok" || op.Head == head, head
	case op.Answer == "conflict" || op.Answer == "refused":
		return true, head
	case op.Answer == "ok" && op.Head != op.Hash:
		return op.Head == head, head
	default:
		return h.isOn(op.Parent, head), op.Hash
	}
}

func (h *history) model() porcupine.Model {
	return porcupine.Model{
		Init: func() interface{} { return h.first },
		Step: func(state, input, output interface{}) (bool, interface{}) {
			ok, next := h.step(state.(string), input.(call))
			return ok, next
		},
	}
}

// operations merges the attempts of an operation, and leaves out those that say nothing.
func (h *history) operations() []porcupine.Operation {
	merged := map[string]call{}
	var names []string
	for _, each := range h.calls {
		name := each.Op
		before, known := merged[name]
		if !known {
			names = append(names, name)
			merged[name] = each
			continue
		}
		if each.Begun < before.Begun {
			each, before = before, each
		}
		each.Begun = before.Begun
		merged[name] = each
	}
	var operations []porcupine.Operation
	clients := map[string]int{}
	for _, name := range names {
		op := merged[name]
		if op.Answer == "none" {
			if op.What == "offer" || !h.seen[op.Hash] {
				continue
			}
			// It had its effect, nobody knows when.
			op.Ended = math.MaxInt64
		}
		if _, known := clients[op.Who]; !known {
			clients[op.Who] = len(clients)
		}
		operations = append(operations, porcupine.Operation{
			ClientId: clients[op.Who], Input: op, Call: op.Begun, Output: nil, Return: op.Ended,
		})
	}
	return operations
}

// see notes what was on the chain: the heads that were told, what was acknowledged, and all before.
func (h *history) see(head string) {
	for at := head; at != "" && !h.seen[at]; at = h.parents[at] {
		h.seen[at] = true
	}
}

// split has one history for each tailnet and each time between its restores. While a restore goes
// on, what is answered is told by nobody here: nodes give back what control lost.
func split(calls []call) []*history {
	parents := map[string]string{}
	byTailnet := map[string][]call{}
	restores := map[string][]call{}
	first := map[string]string{}
	var tailnets []string
	for _, each := range calls {
		switch each.What {
		case "begin":
			first[each.Tailnet] = each.Hash
			tailnets = append(tailnets, each.Tailnet)
		case "restore":
			restores[each.Tailnet] = append(restores[each.Tailnet], each)
		case "edit", "revoke":
			parents[each.Hash] = each.Parent
			byTailnet[each.Tailnet] = append(byTailnet[each.Tailnet], each)
		case "offer", "giveBack":
			byTailnet[each.Tailnet] = append(byTailnet[each.Tailnet], each)
		}
	}
	var all []*history
	for _, tailnet := range tailnets {
		windows := restores[tailnet]
		sort.Slice(windows, func(i, j int) bool { return windows[i].Begun < windows[j].Begun })
		for i := 0; i <= len(windows); i++ {
			next := &history{
				name: tailnet, parents: parents, seen: map[string]bool{},
			}
			from, to := int64(math.MinInt64), int64(math.MaxInt64)
			if i == 0 {
				next.first = first[tailnet]
			} else {
				next.name = fmt.Sprintf("%s after restore %d", tailnet, i)
				from = windows[i-1].Ended
			}
			if i < len(windows) {
				to = windows[i].Begun
			}
			next.see(next.first)
			for _, each := range byTailnet[tailnet] {
				if each.Ended < from || each.Begun > to {
					continue
				}
				if each.Begun < from || each.Ended > to {
					// It may have been done beyond: here nobody knows.
					each.Answer = "none"
				}
				next.calls = append(next.calls, each)
				if each.Answer == "ok" && each.What != "edit" && each.What != "revoke" {
					next.see(each.Head)
				} else if each.Answer == "ok" {
					next.see(each.Hash)
				}
			}
			all = append(all, next)
		}
	}
	return all
}

// check prints a line for each history, and returns the status.
func check(calls []call, out io.Writer) int {
	status := 0
	for _, each := range split(calls) {
		operations := each.operations()
		result, info := porcupine.CheckOperationsVerbose(each.model(), operations, patience)
		switch result {
		case porcupine.Ok:
			fmt.Fprintf(out, "%s: %d operations, linearizable\n", each.name, len(operations))
		case porcupine.Unknown:
			fmt.Fprintf(out, "%s: %d operations, not judged in %v\n", each.name, len(operations), patience)
			status = 2
		default:
			fmt.Fprintf(out, "%s: %d operations, NOT linearizable%s\n", each.name, len(operations), why(operations, info))
			if status == 0 {
				status = 1
			}
		}
	}
	return status
}

// why names the earliest operation that no order found had a place for.
func why(operations []porcupine.Operation, info porcupine.LinearizationInfo) string {
	longest := 0
	placed := map[string]bool{}
	for _, partition := range info.PartialLinearizationsOperations() {
		for _, order := range partition {
			if len(order) > longest {
				longest = len(order)
				placed = map[string]bool{}
				for _, each := range order {
					placed[each.Input.(call).Op] = true
				}
			}
		}
	}
	var first *call
	for _, each := range operations {
		op := each.Input.(call)
		if !placed[op.Op] && (first == nil || op.Ended < first.Ended) {
			op := op
			first = &op
		}
	}
	if first == nil {
		return ""
	}
	text, err := json.Marshal(first)
	if err != nil {
		return ""
	}
	return fmt.Sprintf(": %d can be put in order, but not %s", longest, text)
}

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: linearizability FILE")
		os.Exit(2)
	}
	file, err := os.Open(os.Args[1])
	if err == nil {
		defer file.Close()
		var calls []call
		if calls, err = read(file); err == nil {
			os.Exit(check(calls, os.Stdout))
		}
	}
	fmt.Fprintln(os.Stderr, "linearizability:", err)
	os.Exit(2)
}
