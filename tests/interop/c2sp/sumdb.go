// SPDX-License-Identifier: Apache-2.0

// Sumdb looks at our logs and notes with golang.org/x/mod/sumdb, the code that checks Go's own modules. Debian has it as
// golang-golang-x-mod-dev; it knows nothing of us.
//
//	sumdb verify FOLDER VKEY OLDSIZE OLDROOT   every entry, every proof asked for, growth from the older tree
//	                                           (FOLDER may be a URL; SSL_CERT_FILE names its CA)
//	sumdb sign TEXT NOTE VKEY                  signs the text of a file with a new key, writes note and vkey
package main

import (
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

// tileNumber is N as C2SP tlog-tiles writes it: groups of three digits, all but the last with an x before them.
func tileNumber(n int64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n >= 1000 {
		n /= 1000
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return s
}

func tilePath(kind string, n int64, width int) string {
	path := "tile/" + kind + "/" + tileNumber(n)
	if width < 1<<height {
		path += fmt.Sprintf(".p/%d", width)
	}
	return path
}

// read gives a file of a log, which is a folder or a URL.
func read(dir, path string) ([]byte, error) {
	if !strings.HasPrefix(dir, "http") {
		return os.ReadFile(filepath.Join(dir, path))
	}
	answer, err := http.Get(strings.TrimSuffix(dir, "/") + "/" + path)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s: %s", path, answer.Status)
	}
	return io.ReadAll(answer.Body)
}

// A folder reads tiles, and keeps those it has read.
type folder struct {
	dir   string
	tiles map[string][]byte
}

func (f *folder) Height() int { return height }

func (f *folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var all [][]byte
	for _, t := range tiles {
		path := tilePath(strconv.Itoa(t.L), t.N, t.W)
		data, ok := f.tiles[path]
		if !ok {
			var err error
			if data, err = read(f.dir, path); err != nil {
				return nil, err
			}
			f.tiles[path] = data
		}
		if len(data) != t.W*tlog.HashSize {
			return nil, fmt.Errorf("%s has %d bytes", path, len(data))
		}
		all = append(all, data)
	}
	return all, nil
}

func (f *folder) SaveTiles([]tlog.Tile, [][]byte) {}

func readCheckpoint(dir, vkey string) (tree tlog.Tree, err error) {
	v, err := note.NewVerifier(vkey)
	if err != nil {
		return tree, err
	}
	msg, err := read(dir, "checkpoint")
	if err != nil {
		return tree, err
	}
	n, err := note.Open(msg, note.VerifierList(v))
	if err != nil {
		return tree, err
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != v.Name() || lines[3] != "" {
		return tree, fmt.Errorf("no checkpoint of %s", v.Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil {
		return tree, err
	}
	tree.Hash, err = parseHash(lines[2])
	return tree, err
}

func parseHash(s string) (h tlog.Hash, err error) {
	b, err := base64.StdEncoding.DecodeString(s)
	if err == nil && copy(h[:], b) != tlog.HashSize {
		err = fmt.Errorf("no hash: %q", s)
	}
	return h, err
}

func readBundle(dir string, n int64, width int) (entries [][]byte, err error) {
	data, err := read(dir, tilePath("entries", n, width))
	if err != nil {
		return nil, err
	}
	for i := 0; i < width; i++ {
		if len(data) < 2 || len(data)-2 < int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("bundle %d is cut off in entry %d", n, i)
		}
		size := int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:2+size])
		data = data[2+size:]
	}
	if len(data) > 0 {
		return nil, fmt.Errorf("bundle %d has %d bytes more", n, len(data))
	}
	return entries, nil
}

// checkBundle compares the entries with the leaf hashes, which the reader has proven to be the tree's.
func checkBundle(dir string, tree tlog.Tree, hashes tlog.HashReader, n int64) error {
	width := 1 << height
	if left := tree.N - n<<height; left < int64(width) {
		width = int(left)
	}
	entries, err := readBundle(dir, n, width)
	if err != nil {
		return err
	}
	var indexes []int64
	for i := range entries {
		indexes = append(indexes, tlog.StoredHashIndex(0, n<<height+int64(i)))
	}
	leaves, err := hashes.ReadHashes(indexes)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		if tlog.RecordHash(entry) != leaves[i] {
			return fmt.Errorf("entry %d is not the one in the tree", n<<height+int64(i))
		}
	}
	return checkProof(tree, hashes, n<<height, entries[0])
}

func checkProof(tree tlog.Tree, hashes tlog.HashReader, index int64, entry []byte) error {
	proof, err := tlog.ProveRecord(tree.N, index, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry))
}

func checkGrowth(tree tlog.Tree, hashes tlog.HashReader, oldSize, oldRoot string) error {
	size, err := strconv.ParseInt(oldSize, 10, 64)
	if err != nil {
		return err
	}
	root, err := parseHash(oldRoot)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, size, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, size, root)
}

func verify(dir, vkey, oldSize, oldRoot string) error {
	tree, err := readCheckpoint(dir, vkey)
	if err != nil {
		return err
	}
	hashes := tlog.TileHashReader(tree, &folder{dir, map[string][]byte{}})
	root, err := tlog.TreeHash(tree.N, hashes)
	if err != nil {
		return err
	}
	if root != tree.Hash {
		return fmt.Errorf("the tiles do not give the root")
	}
	for n := int64(0); n<<height < tree.N; n++ {
		if err := checkBundle(dir, tree, hashes, n); err != nil {
			return err
		}
	}
	return checkGrowth(tree, hashes, oldSize, oldRoot)
}

func sign(textPath, notePath, vkeyPath string) error {
	skey, vkey, err := note.GenerateKey(rand.Reader, "go.example/signer")
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(textPath)
	if err != nil {
		return err
	}
	msg, err := note.Sign(&note.Note{Text: string(text)}, signer)
	if err != nil {
		return err
	}
	if err := os.WriteFile(notePath, msg, 0o644); err != nil {
		return err
	}
	return os.WriteFile(vkeyPath, []byte(vkey+"\n"), 0o644)
}

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 5 && args[0] == "verify":
		err = verify(args[1], args[2], args[3], args[4])
	case len(args) == 4 && args[0] == "sign":
		err = sign(args[1], args[2], args[3])
	default:
		fmt.Fprintln(os.Stderr, "usage: sumdb verify FOLDER VKEY OLDSIZE OLDROOT | sign TEXT NOTE VKEY")
		os.Exit(2)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
