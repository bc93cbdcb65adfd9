// Answers whether Go's own readers of transparency logs (golang.org/x/mod/sumdb) take what they are given.
//
// One question a line on standard input, as JSON; one answer a line on standard output: "yes", or "no" and why.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

type question struct {
	Kind  string
	Note  string // note, key: a signed note, and
	Vkey  string // the key that should have signed it;
	Key   string // key: the private key with which its text, signed again, must give the same note
	Size  int64  // record, tree, tiles: the tree
	Root  []byte
	Index int64  // record, tiles: the leaf's index; tree: the older size
	Hash  []byte // record: the leaf's hash; tree: the older root
	Proof [][]byte
	Tiles map[string][]byte // tiles: by path; the proof must be the one that they give
}

func main() {
	lines := bufio.NewReader(os.Stdin)
	answers := bufio.NewWriter(os.Stdout)
	defer answers.Flush()
	for {
		line, end := lines.ReadBytes('\n')
		if len(line) == 0 && end != nil {
			return
		}
		var asked question
		err := json.Unmarshal(line, &asked)
		if err == nil {
			err = answer(asked)
		}
		if err == nil {
			fmt.Fprintln(answers, "yes")
		} else {
			fmt.Fprintf(answers, "no %q\n", err)
		}
	}
}

func answer(asked question) error {
	switch asked.Kind {
	case "note":
		key, err := note.NewVerifier(asked.Vkey)
		if err != nil {
			return err
		}
		_, err = note.Open([]byte(asked.Note), note.VerifierList(key))
		return err
	case "key":
		signer, err := note.NewSigner(asked.Key)
		if err != nil {
			return err
		}
		text, _, _ := strings.Cut(asked.Note, "\n\n")
		signed, err := note.Sign(&note.Note{Text: text + "\n"}, signer)
		if err == nil && string(signed) != asked.Note {
			err = errors.New("the key gives another note")
		}
		return err
	case "record":
		return tlog.CheckRecord(hashes(asked.Proof), asked.Size, hash(asked.Root), asked.Index, hash(asked.Hash))
	case "tree":
		return tlog.CheckTree(hashes(asked.Proof), asked.Size, hash(asked.Root), asked.Index, hash(asked.Hash))
	case "tiles":
		reader := tlog.TileHashReader(tlog.Tree{N: asked.Size, Hash: hash(asked.Root)}, served(asked.Tiles))
		proof, err := tlog.ProveRecord(asked.Size, asked.Index, reader)
		if err == nil && fmt.Sprint(proof) != fmt.Sprint(tlog.RecordProof(hashes(asked.Proof))) {
			err = errors.New("the tiles give another proof")
		}
		return err
	}
	return errors.New("unknown kind of question")
}

// served gives tiles as a server would. Go's paths name the tile's height, tlog-tiles' do not.
type served map[string][]byte

func (tiles served) Height() int                     { return 8 }
func (tiles served) SaveTiles([]tlog.Tile, [][]byte) {}

func (tiles served) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	var found [][]byte
	for _, tile := range wanted {
		path := strings.Replace(tile.Path(), "tile/8/", "tile/", 1)
		data, ok := tiles[path]
		if !ok {
			return nil, fmt.Errorf("no tile %s", path)
		}
		found = append(found, data)
	}
	return found, nil
}

func hash(data []byte) (one tlog.Hash) {
	if len(data) == len(one) {
		copy(one[:], data)
	}
	return one
}

func hashes(proof [][]byte) []tlog.Hash {
	var all []tlog.Hash
	for _, data := range proof {
		all = append(all, hash(data))
	}
	return all
}
