package main_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	requirement = regexp.MustCompile(`v5\.0\.0-(\d+\.\d+\.\d+)`)
	namedTest   = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9_]+)`")
	namedFile   = regexp.MustCompile("`((?:server|store|certs|web|cmd)(?:/[\\w.-]+)*)`")
	declared    = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	state       = regexp.MustCompile(`^(met|partly|not met|yours|n/a)$`)
)

// levelsOneAndTwo is how many requirements of levels 1 and 2 each section of the
// OWASP ASVS 5.0.0 has. They are a section's first.
var levelsOneAndTwo = map[string]int{
	"1.1": 2, "1.2": 9, "1.3": 11, "1.4": 3, "1.5": 2,
	"2.1": 3, "2.2": 3, "2.3": 4, "2.4": 1,
	"3.2": 2, "3.3": 4, "3.4": 6, "3.5": 5, "3.7": 2,
	"4.1": 3, "4.2": 1, "4.3": 2, "4.4": 4,
	"5.1": 1, "5.2": 3, "5.3": 2, "5.4": 3,
	"6.1": 3, "6.2": 12, "6.3": 4, "6.4": 4, "6.5": 5, "6.6": 3, "6.8": 4,
	"7.1": 3, "7.2": 4, "7.3": 2, "7.4": 5, "7.5": 2, "7.6": 2,
	"8.1": 2, "8.2": 3, "8.3": 1, "8.4": 1,
	"9.1": 3, "9.2": 4,
	"10.1": 2, "10.2": 2, "10.3": 4, "10.4": 11, "10.5": 5, "10.6": 2, "10.7": 3,
	"11.1": 2, "11.2": 3, "11.3": 3, "11.4": 4, "11.5": 1, "11.6": 1,
	"12.1": 3, "12.2": 2, "12.3": 4,
	"13.1": 1, "13.2": 5, "13.3": 2, "13.4": 5,
	"14.1": 2, "14.2": 4, "14.3": 3,
	"15.1": 3, "15.2": 3, "15.3": 7,
	"16.1": 1, "16.2": 5, "16.3": 4, "16.4": 3, "16.5": 3,
	"17.1": 1, "17.2": 4, "17.3": 2,
}

// asvs is README's part on security, and the rows of its tables of requirements.
func asvs(t *testing.T) (text string, rows [][]string) {
	t.Helper()
	b, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, text, _ = strings.Cut(string(b), "\n## Security\n")
	text, _, _ = strings.Cut(text, "\n## License\n")
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "| v5.0.0-") {
			cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), " | ")
			for i := range cells {
				cells[i] = strings.TrimSpace(cells[i])
			}
			rows = append(rows, cells)
		}
	}
	return text, rows
}

func TestREADMESecurityAnswersEachRequirementOnce(t *testing.T) {
	_, rows := asvs(t)
	seen := make(map[string]int)
	for _, row := range rows {
		if len(row) != 3 || !state.MatchString(row[1]) || strings.TrimSpace(row[2]) == "" {
			t.Errorf("this row has no requirement, state and place: %q", row)
			continue
		}
		for _, id := range requirement.FindAllStringSubmatch(row[0], -1) {
			seen[id[1]]++
		}
	}
	for section, count := range levelsOneAndTwo {
		for i := range count {
			id := section + "." + strconv.Itoa(i+1)
			if seen[id] != 1 {
				t.Errorf("%s is answered %d times", id, seen[id])
			}
			delete(seen, id)
		}
	}
	for id := range seen {
		t.Errorf("%s is not of levels 1 and 2", id)
	}
}

// What README says of how many are met is what its tables say.
func TestREADMESecurityCountsRight(t *testing.T) {
	text, rows := asvs(t)
	count := make(map[string]int)
	for _, row := range rows {
		count[row[1]] += len(requirement.FindAllString(row[0], -1))
	}
	summary := regexp.MustCompile(`(\d+)\s+are\s+met,\s+(\d+)\s+partly,\s+(\d+)\s+are\s+not,\s+(\d+)\s+are\s+for\s+whoever\s+runs\s+it,\s+and\s+(\d+)\s+are`).FindStringSubmatch(text)
	if summary == nil {
		t.Fatal("it does not count them")
	}
	for i, of := range []string{"met", "partly", "not met", "yours", "n/a"} {
		if got := summary[i+1]; got != strconv.Itoa(count[of]) {
			t.Errorf("it counts %s %q, and has %d", got, of, count[of])
		}
	}
}

func TestREADMESecurityNamesTestsAndFilesThatAreThere(t *testing.T) {
	text, _ := asvs(t)
	there := make(map[string]bool)
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && (d.Name() == ".git" || d.Name() == "node_modules"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		code, err := os.ReadFile(path)
		for _, name := range declared.FindAllSubmatch(code, -1) {
			there[string(name[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names := namedTest.FindAllStringSubmatch(text, -1)
	if len(names) < 100 {
		t.Errorf("it names %d tests only", len(names))
	}
	for _, name := range names {
		if !there[name[1]] {
			t.Errorf("there is no %s", name[1])
		}
	}
	files := namedFile.FindAllStringSubmatch(text, -1)
	if len(files) < 10 {
		t.Errorf("it names %d files only", len(files))
	}
	for _, name := range files {
		if _, err := os.Stat(filepath.Join("../..", name[1])); err != nil {
			t.Error(err)
		}
	}
}

func TestREADMESecurityRefersToPartsThatAreThere(t *testing.T) {
	text, _ := asvs(t)
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := regexp.MustCompile(`above, "([^"]+)"(?: and "([^"]+)")?`).FindAllStringSubmatch(text, -1)
	if found == nil {
		t.Error("nothing refers to another part")
	}
	for _, part := range found {
		for _, heading := range part[1:] {
			if heading != "" && !regexp.MustCompile(`(?m)^#+ `+regexp.QuoteMeta(heading)+`$`).Match(readme) {
				t.Errorf("there is no part %q", heading)
			}
		}
	}
}
