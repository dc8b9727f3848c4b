package main_test

import (
	"database/sql"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	_ "modernc.org/sqlite"

	"redroom/server/servertest"
)

// talkedIn posts three messages in a topic of a server's.
func talkedIn(t *testing.T, p *servertest.Process) (anna *servertest.API, topic string) {
	t.Helper()
	anna = p.Admin(t)
	topic = anna.Topic(t, anna.Deal(t, "GeldGeldGeld AG", "all"), "Due Diligence", 1)
	c := p.Enter(t, anna).Join(t, topic, 0)
	for _, id := range []string{"eins", "zwei", "drei"} {
		c.Say(t, servertest.Post("Das ist "+id, id))
		c.Answer(t, "ACK "+id+" *")
	}
	return anna, topic
}

// succeeds wants a command to end well, and gives what it printed.
func (r result) succeeds(t *testing.T, words ...string) string {
	t.Helper()
	if r.status != 0 || r.errors != "" {
		t.Fatalf("status %d, it said %q", r.status, r.errors)
	}
	for _, word := range words {
		if !strings.Contains(r.out, word) {
			t.Errorf("it printed %q, want something of %q", r.out, word)
		}
	}
	return r.out
}

func TestBackupRestoreAndVerify(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	p := servertest.StartProcess(t, data, nil)
	_, topic := talkedIn(t, p)
	file := filepath.Join(dir, "room.backup")

	redroom(t, "", nil, "backup", file, "--data", data).succeeds(t, "backed up to "+file, "topics: 1, messages: 3", "epoch ", "position ")
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the backup's mode is %v, %v", info.Mode(), err)
	}
	redroom(t, "", nil, "backup", file, "--data", data).expectOneLine(t, 1, file, "--force")
	redroom(t, "", nil, "backup", filepath.Join(dir, "redroom.db"), "--data", data).expectOneLine(t, 1, "another name")
	redroom(t, "", nil, "backup", filepath.Join(dir, "none", "room.backup"), "--data", data).expectOneLine(t, 1, "none")
	redroom(t, "", nil, "restore", file, "--data", data, "--force").expectOneLine(t, 1, "in use by another redroom")
	running := redroom(t, "", nil, "verify", "--data", data).succeeds(t, "GeldGeldGeld AG / Due Diligence ("+topic+"): messages: 3", "in use")
	if status := p.Stop(t); status != 0 {
		t.Errorf("the server ended with status %d", status)
	}
	stopped := redroom(t, "", nil, "verify", "--data", data).succeeds(t, "messages: 3", "\naudit trail: rows: ")
	if strings.Contains(stopped, "in use") || len(stopped) >= len(running) {
		t.Errorf("of a stopped store it says %q", stopped)
	}

	var made, back struct {
		File, Epoch               string
		Position, Messages, Bytes int64
		Topics                    int
		Seconds                   float64
	}
	var verified struct {
		File, Epoch               string
		Position, Messages, Bytes int64
		OK, Backup, InUse         bool
		Topics                    []struct{ Messages int64 }
		Audit                     struct{ Rows int64 }
		Seconds                   float64
	}
	decode := func(encoded string, into any) {
		t.Helper()
		if err := json.Unmarshal([]byte(encoded), into); err != nil {
			t.Fatalf("%q: %v", encoded, err)
		}
	}
	decode(redroom(t, "", nil, "backup", file, "--data", data, "--force", "--json").succeeds(t), &made)
	if made.File != file || len(made.Epoch) != 16 || made.Position < 6 || made.Topics != 1 || made.Messages != 3 || made.Bytes < 4096 || made.Seconds <= 0 {
		t.Errorf("the backup is %+v", made)
	}
	decode(redroom(t, "", nil, "verify", file, "--json").succeeds(t), &verified)
	if v := verified; !v.OK || !v.Backup || v.InUse || v.File != file || v.Epoch != made.Epoch || v.Position != made.Position ||
		v.Bytes != made.Bytes || len(v.Topics) != 1 || v.Topics[0].Messages != 3 || v.Audit.Rows < 3 || v.Seconds <= 0 {
		t.Errorf("verified it is %+v", v)
	}
	redroom(t, "", nil, "verify", file).succeeds(t, "messages: 3", "checksum")

	restored := filepath.Join(dir, "restored")
	redroom(t, "", nil, "restore", file, "--data", restored).succeeds(t, "restored to "+filepath.Join(restored, "redroom.db"), "messages: 3")
	redroom(t, "", nil, "restore", file, "--data", restored).expectOneLine(t, 1, restored, "--force")
	decode(redroom(t, "", nil, "restore", file, "--data", restored, "--force", "--json").succeeds(t), &back)
	if back.Epoch == made.Epoch || back.Messages != 3 || back.Position != made.Position {
		t.Errorf("restored it is %+v", back)
	}
	redroom(t, "", nil, "verify", "--data", restored).succeeds(t, back.Epoch, "messages: 3")
}

// TestVerifyAndRestoreSayWhatIsWrong changes a message in a stopped store, and
// cuts a backup off.
func TestVerifyAndRestoreSayWhatIsWrong(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	p := servertest.StartProcess(t, data, nil)
	_, topic := talkedIn(t, p)
	file := filepath.Join(dir, "room.backup")
	redroom(t, "", nil, "backup", file, "--data", data).succeeds(t)
	p.Stop(t)
	whole, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	write := func(path string, content []byte) {
		t.Helper()
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	store := filepath.Join(data, "redroom.db")
	content, err := os.ReadFile(store)
	if err != nil {
		t.Fatal(err)
	}
	write(store, []byte(strings.Replace(string(content), "Das ist zwei", "Das war zwei", 1)))
	r := redroom(t, "", nil, "verify", "--data", data)
	place := "GeldGeldGeld AG / Due Diligence (" + topic + "): message 2 was changed"
	if r.status != 1 || !strings.Contains(r.out, place) || !strings.Contains(r.errors, "1 of 1 topics") {
		t.Errorf("status %d, it printed %q and said %q", r.status, r.out, r.errors)
	}
	var report struct {
		OK     bool
		Topics []struct {
			Deal, Title, ID string
			Fault           struct {
				Seq  int
				What string
			}
		}
	}
	r = redroom(t, "", nil, "verify", store, "--json")
	if err := json.Unmarshal([]byte(r.out), &report); err != nil || r.status != 1 || report.OK || len(report.Topics) != 1 ||
		report.Topics[0].ID != topic || report.Topics[0].Fault.Seq != 2 || !strings.HasPrefix(report.Topics[0].Fault.What, "was changed") {
		t.Errorf("status %d, %v, it printed %q", r.status, err, r.out)
	}
	// A backup of it is none.
	redroom(t, "", nil, "backup", filepath.Join(dir, "another"), "--data", data).expectOneLine(t, 1, place)
	redroom(t, "", nil, "restore", store, "--data", filepath.Join(dir, "restored")).expectOneLine(t, 1, place)

	cut := filepath.Join(dir, "cut.backup")
	write(cut, whole[:len(whole)/2])
	r = redroom(t, "", nil, "verify", cut)
	if r.status != 1 || !strings.Contains(r.out, "it was cut off") || r.errors != "redroom: the file is damaged\n" {
		t.Errorf("status %d, it printed %q and said %q", r.status, r.out, r.errors)
	}
	redroom(t, "", nil, "restore", cut, "--data", filepath.Join(dir, "restored")).expectOneLine(t, 1, cut, "it was cut off")

	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 2 {
		t.Errorf("there are %v, %v", entries, err)
	}
}

// TestVerifySaysWhatIsWrongWithTheAuditTrail changes a row of it.
func TestVerifySaysWhatIsWrongWithTheAuditTrail(t *testing.T) {
	data := t.TempDir()
	p := servertest.StartProcess(t, data, nil)
	talkedIn(t, p)
	p.Stop(t)
	db, err := sql.Open("sqlite", filepath.Join(data, "redroom.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(`UPDATE audit SET done_by = 'olga' WHERE seq = 2`); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	r := redroom(t, "", nil, "verify", "--data", data)
	if r.status != 1 || !strings.Contains(r.out, "\naudit trail: row 2 was changed") || r.errors != "redroom: the audit trail is not what was written\n" {
		t.Errorf("status %d, it printed %q and said %q", r.status, r.out, r.errors)
	}
}

func TestBackupOfNoStoreIsOneLine(t *testing.T) {
	none := filepath.Join(t.TempDir(), "none")
	for name, c := range map[string]struct {
		status int
		args   []string
		words  []string
	}{
		"backup without a file":  {2, []string{"backup"}, []string{"the file to write"}},
		"restore without a file": {2, []string{"restore"}, []string{"the backup's file"}},
		"verify of two files":    {2, []string{"verify", "a", "b"}, []string{"one file"}},
		"backup of nothing":      {1, []string{"backup", "room.backup", "--data", none}, []string{none, "there is no"}},
		"keys of nothing":        {1, []string{"backup", "--keys", "keys.tar", "--data", none}, []string{none, "no keys"}},
		"restore of nothing":     {1, []string{"restore", none}, []string{none, "there is no"}},
		"verify of nothing":      {1, []string{"verify", none}, []string{none, "there is no"}},
		"verify of no store":     {1, []string{"verify", "--data", t.TempDir()}, []string{"there is no", "redroom.db"}},
	} {
		t.Run(name, func(t *testing.T) {
			redroom(t, "", nil, c.args...).expectOneLine(t, c.status, c.words...)
		})
	}
}

// TestKeysAreCopiedApart moves a room to another directory with its keys, and
// finds its CA the same.
func TestKeysAreCopiedApart(t *testing.T) {
	data, dir := t.TempDir(), t.TempDir()
	p := servertest.StartProcess(t, data, nil)
	talkedIn(t, p)
	file, keys, restored := filepath.Join(dir, "room.backup"), filepath.Join(dir, "keys.tar"), filepath.Join(dir, "restored")
	redroom(t, "", nil, "backup", file, "--keys", keys, "--data", data).succeeds(t, "messages: 3")
	p.Stop(t)
	redroom(t, "", nil, "restore", file, "--keys", keys, "--data", restored).succeeds(t, "messages: 3")
	if again := servertest.StartProcess(t, restored, nil); again.Pin != p.Pin {
		t.Errorf("the pin was %s and is %s", p.Pin, again.Pin)
	} else {
		again.SignIn(t, "anna")
	}
	redroom(t, "", nil, "backup", "--keys", keys, "--data", data).expectOneLine(t, 1, keys, "--force")
	redroom(t, "", nil, "restore", "--keys", keys, "--data", data).expectOneLine(t, 1, data, "--force")
	redroom(t, "", nil, "restore", "--keys", keys, "--data", restored, "--force").expectOneLine(t, 1, "in use")
}
