package extract

// Steps returns how many bytes, words and phrases a scan of a text looks at.
func Steps(s *Scanner, text string) int {
	_, steps := s.pass(&values{text: text, set: s.set, signs: len(text) + 1, language: func() string { return "" }})
	return steps
}
