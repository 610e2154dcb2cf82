package syntax

import "strings"

// doc is the text of the comments directly above the current lexeme, when it is the first of its
// line. Directives (//nde:...) are left out.
func (p *parser) doc() string {
	line := p.pos().Line
	if p.at > 0 && p.lexemes[p.at-1].span.End.Line == line && !p.lexemes[p.at-1].auto {
		return ""
	}
	first, last := -1, -1
	for {
		i, ok := p.commentEnds[line-1]
		if !ok {
			break
		}
		if last < 0 {
			last = i
		}
		first, line = i, p.comments[i].Place.Start.Line
	}
	if first < 0 {
		return ""
	}
	var lines []string
	for _, c := range p.comments[first : last+1] {
		lines = append(lines, commentLines(c.Text)...)
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n")
}

// commentLines is what a comment says, without its marks and the space after them.
func commentLines(text string) []string {
	if strings.HasPrefix(text, "//nde:") {
		return nil
	}
	if line, ok := strings.CutPrefix(text, "//"); ok {
		return []string{strings.TrimPrefix(line, " ")}
	}
	var lines []string
	for _, line := range strings.Split(strings.TrimSuffix(strings.TrimPrefix(text, "/*"), "*/"), "\n") {
		line = strings.TrimSpace(line)
		lines = append(lines, strings.TrimSpace(strings.TrimPrefix(line, "*")))
	}
	return lines
}
