package publish

import (
	"bufio"
	"cmp"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/portent-cti/portent/internal/intel"
)

// Path returns where the profile of an entity stands in the tree, such as
// "actors/a/Astro Locker/README.md". It is a plain relative path whatever the
// title holds, and valid on the file systems in use.
func Path(e intel.Entity, title string) string { return path(e, title, "") }

// path is Path with something behind the name, whatever its length.
func path(e intel.Entity, title, behind string) string {
	name := cmp.Or(title, e.Title())
	if e.Kind == intel.Country || e.Kind == intel.Vulnerability {
		name = e.Name
	}
	name = fileName(name) + behind
	return folder(e.Kind) + "/" + letter(name) + "/" + name + "/README.md"
}

func folder(k intel.Kind) string {
	if s, ok := k.Subject(); ok {
		return s.Plural
	}
	return string(k) + "s"
}

// letter is the folder a name is sorted into: its first letter or digit.
func letter(name string) string {
	for _, r := range name {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			return string(unicode.ToLower(r))
		}
	}
	return "_"
}

// fileName makes a title a name of a file: no separators, no characters that
// Windows refuses, no reserved names, no dots or blanks at either end, at most
// 120 bytes.
func fileName(title string) string {
	name := strings.Map(func(r rune) rune {
		if r < ' ' || strings.ContainsRune(`/\:*?"<>|`, r) || unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) || r == unicode.ReplacementChar {
			return '_'
		}
		return r
	}, title)
	for len(name) > 120 {
		_, size := utf8.DecodeLastRuneInString(name)
		name = name[:len(name)-size]
	}
	name = strings.Trim(name, ". ")
	stem, _, _ := strings.Cut(strings.ToLower(name), ".")
	switch {
	case name == "":
		return "_"
	case slices.Contains([]string{"con", "prn", "aux", "nul", "conin$", "conout$"}, stem),
		len(stem) == 4 && (strings.HasPrefix(stem, "com") || strings.HasPrefix(stem, "lpt")) && stem[3] >= '0' && stem[3] <= '9':
		return "_" + name
	}
	return name
}

// Paths hands out paths so that no two differ in case alone. It counts how
// often each was asked for.
type Paths map[string]int

// Take returns the path of an entity, with a number if another has it already.
func (taken Paths) Take(e intel.Entity, title string) string {
	free := Path(e, title)
	first := strings.ToLower(free)
	for n := taken[first]; taken[strings.ToLower(free)] > 0; {
		n++
		taken[first] = n
		free = path(e, title, " "+strconv.Itoa(n))
	}
	taken[strings.ToLower(free)]++
	return free
}

// An Entry is one profile in the index of a tree.
type Entry struct {
	Entity        intel.Entity
	Name, Path    string
	IOC, TTP, IOA int
	Last          time.Time
	Preview       bool
}

// seen is when it was last seen: a month in a preview.
func (e Entry) seen() string {
	if e.Preview && !e.Last.IsZero() {
		return e.Last.UTC().Format("2006-01")
	}
	return date(e.Last)
}

// mostIndexed is how many profiles of one kind the index lists; more have an index
// of their own in their folder.
const mostIndexed = 500

// Index writes the page that leads to all profiles, or to the index of their
// kind where there are many.
func Index(w io.Writer, entries []Entry, o Options) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, "# Cyber Threat Intelligence\n\n%d profiles. Every row says how far it is believed, since when, and by how many independent origins.\n", len(entries))
	if o.BaseURL != "" {
		fmt.Fprintf(b, "\nLive pages: %s\n", link(o.BaseURL))
	}
	for name, of := range byFolder(entries) {
		fmt.Fprintf(b, "\n## %s\n\n", strings.ToUpper(name[:1])+name[1:])
		if len(of) > mostIndexed {
			fmt.Fprintf(b, "%d profiles, [listed apart](%s/README.md).\n", len(of), name)
			continue
		}
		listing(b, of, "")
	}
	return b.Flush()
}

// Indexes calls write for each folder that has an index of its own, with the path
// of that.
func Indexes(entries []Entry, write func(path string, page func(io.Writer) error) error) error {
	for name, of := range byFolder(entries) {
		if len(of) <= mostIndexed {
			continue
		}
		err := write(name+"/README.md", func(w io.Writer) error {
			b := bufio.NewWriter(w)
			fmt.Fprintf(b, "# %s\n\n%d profiles; [all kinds](../README.md).\n\n", strings.ToUpper(name[:1])+name[1:], len(of))
			listing(b, of, name+"/")
			return b.Flush()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// listing writes a row for each entry, whose path is below folder.
func listing(w io.Writer, entries []Entry, folder string) {
	fmt.Fprint(w, "Name | IOC | TTP | IOA | Last seen\n---- | --- | --- | --- | ---------\n")
	for _, e := range entries {
		fmt.Fprintf(w, "[%s](%s) | %d | %d | %d | %s\n", inline(e.Name), relative(strings.TrimPrefix(e.Path, folder)), e.IOC, e.TTP, e.IOA, e.seen())
	}
}

// byFolder goes through entries by the folder of their kind, each by name.
func byFolder(entries []Entry) iter.Seq2[string, []Entry] {
	sorted := slices.Clone(entries)
	slices.SortStableFunc(sorted, func(a, b Entry) int {
		return cmp.Or(cmp.Compare(folder(a.Entity.Kind), folder(b.Entity.Kind)), cmp.Compare(strings.ToLower(a.Name), strings.ToLower(b.Name)))
	})
	return func(yield func(string, []Entry) bool) {
		for from := 0; from < len(sorted); {
			to, name := from+1, folder(sorted[from].Entity.Kind)
			for to < len(sorted) && folder(sorted[to].Entity.Kind) == name {
				to++
			}
			if !yield(name, sorted[from:to]) {
				return
			}
			from = to
		}
	}
}

// relative escapes a path for a Markdown link.
func relative(path string) string {
	parts := strings.Split(path, "/")
	for i, p := range parts {
		parts[i] = escapeSegment(p)
	}
	return strings.Join(parts, "/")
}

// escapeSegment escapes one segment of a path, dots that mean a folder
// included.
func escapeSegment(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		c := s[i]
		plain := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '_' || c == '.' && s != "." && s != ".."
		if plain {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
	return b.String()
}
