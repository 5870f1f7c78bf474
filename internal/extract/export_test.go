package extract

// Steps returns how many bytes, words and phrases a scan of a text looks at,
// which may be the description of a flaw.
func Steps(s *Scanner, text string, advisory bool) int {
	_, steps := s.pass(&values{text: text, set: s.set, signs: len(text) + 1, advisory: advisory, language: func() string { return "" }})
	return steps
}
