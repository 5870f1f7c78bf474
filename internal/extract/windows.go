package extract

import (
	"strings"

	"github.com/portent-cti/portent/internal/intel"
)

// Paths of Windows and keys of its registry have blanks inside: in quotation
// marks they end where those do, elsewhere behind what names a file or a folder.

// path reads Windows paths and registry keys. It reports whether the run was
// one.
func (v *values) path(from, to int) bool {
	run := v.text[from:to]
	if registryRoot(run) {
		end := v.keyEnd(from, to)
		v.note(intel.Entity{Kind: intel.RegistryKey, Name: v.text[from:end]}, from, end, v.notOwnKey(from, v.text[from:end]))
		v.skip = max(v.skip, end)
		return true
	}
	i := strings.LastIndexByte(run, '\\')
	if strings.Contains(run, "\\.") && !strings.Contains(run, ":\\") && !strings.HasPrefix(run, "\\\\") && i+1 < len(run) && run[i+1] == '.' {
		return false // a dot that is escaped
	}
	if strings.Contains(run, "://") {
		return false
	}
	v.shareHost(from, to)
	root := rootLength(run)
	if root > 0 {
		end := v.pathEnd(from, to)
		run, i = v.text[from:end], strings.LastIndexByte(v.text[from:end], '\\')
		v.skip = max(v.skip, end)
	}
	name := strings.TrimRight(run[i+1:], ",;)]}")
	if fileName(name) && !strings.ContainsAny(name, "%*/=&?") {
		v.note(intel.NewEntity(intel.Filename, name), from+i+1, from+i+1+len(name), "")
		if root > 0 && !v.affected(from) {
			share := min(root, len(run)-len(strings.TrimLeft(run, `\`)))
			whole := run[:share] + strings.ReplaceAll(run[share:i+1]+name, `\\`, `\`)
			v.note(intel.Entity{Kind: intel.File, Name: whole}, from, from+i+1+len(name), oneMachine)
		}
	} else if root > 0 && !v.taskFile(from, run) && v.text[from] != '\\' && unknownEnding(name) {
		v.note(intel.Entity{Kind: intel.File, Name: run[:i+1] + name}, from, from+i+1+len(name), oneMachine)
	}
	return true
}

// affected reports whether what begins at from has just been told as the file of a
// flaw.
func (v *values) affected(from int) bool {
	for _, o := range v.out[max(0, len(v.out)-3):] {
		if o.Entity.Kind == intel.File && o.Offset == from && o.Suppressed == "" {
			return true
		}
	}
	return false
}

// unknownEnding reports whether what ends a full path is written as a file, if of no
// kind that attacks are made of.
func unknownEnding(name string) bool {
	i := strings.LastIndexByte(name, '.')
	return i > 0 && len(name)-i > 2 && len(name)-i < 8 && plainName(name) && classOf(name[i+1:])&^(alpha|hex|digit) == 0
}

// oneMachine is why a full path is set aside: folders differ from one system to
// the next, and the name of the file is kept for itself.
const oneMachine = "path on one machine"

// rootLength returns the length of what a full path begins with, a drive, a
// share or a variable for a folder, or 0.
func rootLength(run string) int {
	if strings.HasPrefix(run, `\\`) {
		return len(`\\`)
	}
	if len(run) > 3 && run[1] == ':' && run[2] == '\\' && classes[run[0]]&(alpha|hex) != 0 {
		return len(`C:\`)
	}
	if i := strings.IndexByte(run, '\\'); i > 2 && run[0] == '%' && run[i-1] == '%' && strings.Count(run[:i], "%") == 2 {
		return i + 1
	}
	return 0
}

// pathEnd returns where a path ends that goes on over blanks to the name of a
// file, or to.
func (v *values) pathEnd(from, to int) int {
	if v.text[to-1] == '\\' || fileName(v.text[from+strings.LastIndexByte(v.text[from:to], '\\')+1:to]) {
		return to
	}
	quoted := v.closing(from, to) > to
	end, blanks := to, 0
	for range 8 {
		if end >= len(v.text) || v.text[end] != ' ' {
			return to
		}
		begin := end + 1
		end, _ = v.ascii(begin, 0)
		v.steps += end - begin
		begin, end = min(begin, end), max(begin, v.untrailed(begin, end))
		word := v.text[begin:end]
		i := strings.LastIndexByte(word, '\\')
		if blanks++; i >= 0 {
			blanks = 0
		}
		switch {
		case word == "" || i == 0 || strings.IndexByte(word, ':') >= 0 || word[0] == '%' || word[0] == '/' || word[0] == '-':
			return to
		case fileName(word[i+1:]) && (i < 0 || goesWithin(word)) && (quoted || blanks < 2):
			return end
		case !quoted && !goesWithin(word):
			return to
		}
	}
	return to
}

// untrailed returns the end of a word without the punctuation of its sentence.
func (v *values) untrailed(begin, end int) int {
	for end > begin && strings.IndexByte(".:!?", v.text[end-1]) >= 0 {
		end--
	}
	return end
}

// goesWithin reports whether a word may be the second of the name of a folder:
// "Program Files", "Program Files (x86)", "Documents and Settings".
func goesWithin(word string) bool {
	return word == "and" || word[0] >= 'A' && word[0] <= 'Z' || isDigit(word[0]) || word[0] == '('
}

// closing returns where the quotation ends that opened right before a place, on
// its line and beyond to, or 0.
func (v *values) closing(from, to int) int {
	rest := v.text[to:min(len(v.text), to+200)]
	for _, q := range quotations {
		if strings.HasSuffix(v.text[max(0, from-len(q[0])):from], q[0]) {
			i := strings.Index(rest, q[1])
			if i < 0 || strings.IndexByte(rest[:i], '\n') >= 0 {
				return 0
			}
			return to + i
		}
	}
	return 0
}

// taskFile reads the name of a scheduled task off the path of the file that
// Windows keeps it in, and reports whether it is such a path.
func (v *values) taskFile(from int, run string) bool {
	const folder = `\system32\tasks\`
	i := strings.Index(strings.ToLower(run), folder)
	if i < 0 || i+len(folder) == len(run) {
		return false
	}
	end := from + len(run)
	if closes := v.closing(from, end); closes > end && v.text[end] == ' ' {
		end = closes
	}
	if begin := from + i + len(folder); end-begin < 100 && !strings.ContainsAny(v.text[begin:end], "%*{}") {
		v.note(intel.Entity{Kind: intel.ScheduledTask, Name: v.text[begin:end]}, begin, end, "")
	}
	return true
}

func registryRoot(run string) bool {
	upper := strings.ToUpper(run[:min(len(run), 24)])
	for _, root := range []string{"HKLM\\", "HKCU\\", "HKCR\\", "HKU\\", "HKCC\\", "HKEY_", "\\REGISTRY\\", "HKLM:\\", "HKCU:\\"} {
		if strings.HasPrefix(upper, root) {
			return true
		}
	}
	return false
}

// keyEnd goes on over the blanks in a key of the registry, as in "Windows NT":
// to the end of the quotation that it is, else over names of which every word
// has a capital and the last goes on with a backslash.
func (v *values) keyEnd(from, to int) int {
	if end := v.closing(from, to); end > to && v.text[to] == ' ' {
		rest, _, _ := strings.Cut(v.text[to:end], "|")
		if end = to + len(rest); !strings.Contains(rest, " /") && !strings.Contains(rest, " -") && !strings.ContainsAny(rest, "=:<>") {
			return end
		}
	}
	for range 4 {
		end := v.nameEnd(to)
		if end == to {
			return to
		}
		to = end
		for to > 0 && strings.IndexByte(".:)]", v.text[to-1]) >= 0 {
			to--
		}
	}
	return to
}

// goesOnKey reports whether a small word may end the name of a key: "Windows x64".
func goesOnKey(word string) bool { return classOf(word)&^(alpha|hex|digit|dash) == 0 }

// nameEnd returns where a run ends that goes on the name before a blank, over at
// most two words between, or the same place.
func (v *values) nameEnd(to int) int {
	at := to
	for range 3 {
		if at >= len(v.text) || v.text[at] != ' ' || at > 0 && v.text[at-1] == '.' {
			return to
		}
		end, _ := v.ascii(at+1, 0)
		v.steps += end - at
		word := v.text[at+1 : end]
		i := strings.IndexByte(word, '\\')
		small := word != "" && (word[0] >= 'a' && word[0] <= 'z' || isDigit(word[0])) && at == to && i > 0 && goesOnKey(word[:i])
		if word == "" || (word[0] < 'A' || word[0] > 'Z') && !small || registryRoot(word) {
			return to
		}
		if i > 0 && !strings.Contains(word[:i], ":") {
			return end
		}
		if i >= 0 || classOf(word)&^(alpha|hex|digit|dash) != 0 {
			return to
		}
		at = end
	}
	return to
}
