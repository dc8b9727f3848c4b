package chat

import (
	"cmp"
	"encoding/json"
	"slices"
	"strconv"
	"strings"

	"redroom/server/wire"
)

// directory is what the room's state says: deals, their people, and topics.
type directory struct {
	me       string
	deals    map[string]*deal
	topics   map[string]*topic
	presence map[string]string // by account
	told     map[string]bool   // ids, since a WATCH began anew; nil: all were told
}

type deal struct {
	ID     string   `json:"id"`
	Name   string   `json:"name"`
	People []person `json:"people"`
}

type person struct {
	Name    string `json:"name"`
	Display string `json:"display"`
}

type topic struct {
	ID       string   `json:"id"`
	Deal     string   `json:"deal"`
	Title    string   `json:"title"`
	Number   int      `json:"number"`
	Open     bool     `json:"open"`
	Archived bool     `json:"archived"`
	Direct   bool     `json:"direct"`
	Members  []string `json:"members"`

	unread int64
}

func newDirectory(me string) directory {
	return directory{me: me, deals: make(map[string]*deal), topics: make(map[string]*topic), presence: make(map[string]string)}
}

// frame takes a frame of WATCH.
func (d *directory) frame(typ string, fields []string, payload []byte) {
	field := func(i int) string {
		if i < len(fields) {
			return fields[i]
		}
		return ""
	}
	switch id := field(0); typ {
	case wire.TypeWatch:
		d.told = make(map[string]bool)
	case wire.TypeAck:
		d.allTold()
	case wire.TypeDeal:
		d.deal(id, field(1) == "gone", payload)
	case wire.TypeTopic:
		d.topic(id, field(1) == "gone", payload)
	case wire.TypeUnread:
		if t := d.topics[id]; t != nil {
			t.unread, _ = strconv.ParseInt(field(1), 10, 64)
		}
	case wire.TypePresence:
		d.presence[id] = field(1)
	}
}

func (d *directory) deal(id string, gone bool, payload []byte) {
	var news deal
	if gone || json.Unmarshal(payload, &news) != nil {
		delete(d.deals, id)
		return
	}
	news.Name = line(news.Name)
	for i := range news.People {
		news.People[i].Display = line(news.People[i].Display)
	}
	d.deals[id] = &news
	d.note(id)
}

func (d *directory) topic(id string, gone bool, payload []byte) {
	var news topic
	if gone || json.Unmarshal(payload, &news) != nil {
		delete(d.topics, id)
		return
	}
	news.Title = line(news.Title)
	if known := d.topics[id]; known != nil {
		news.unread = known.unread
	}
	d.topics[id] = &news
	d.note(id)
}

func (d *directory) note(id string) {
	if d.told != nil {
		d.told[id] = true
	}
}

// allTold forgets what wasn't told since the WATCH began.
func (d *directory) allTold() {
	if d.told == nil {
		return
	}
	for id := range d.topics {
		if !d.told[id] {
			delete(d.topics, id)
		}
	}
	for id := range d.deals {
		if !d.told[id] {
			delete(d.deals, id)
		}
	}
	d.told = nil
}

// list is the topics in the order in which they are shown: deal by deal, by
// number and title, direct ones behind the others. What is archived is left out.
func (d *directory) list() []*topic {
	var all []*topic
	for _, t := range d.topics {
		if !t.Archived {
			all = append(all, t)
		}
	}
	slices.SortFunc(all, func(a, b *topic) int {
		return cmp.Or(
			cmp.Compare(strings.ToLower(d.dealName(a)), strings.ToLower(d.dealName(b))), cmp.Compare(a.Deal, b.Deal),
			before(!a.Direct, !b.Direct), cmp.Compare(a.Number, b.Number),
			cmp.Compare(strings.ToLower(d.title(a)), strings.ToLower(d.title(b))), cmp.Compare(a.ID, b.ID))
	})
	return all
}

func before(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return -1
	}
	return 1
}

func (d *directory) dealName(t *topic) string {
	if known := d.deals[t.Deal]; known != nil {
		return known.Name
	}
	return ""
}

// title is what a topic is called: a direct one is the other person.
func (d *directory) title(t *topic) string {
	if other := d.other(t); other != "" {
		return d.display(t.Deal, other)
	}
	return t.Title
}

// other is whom one talks to in a direct topic; "": it isn't one.
func (d *directory) other(t *topic) string {
	if !t.Direct {
		return ""
	}
	for _, name := range t.Members {
		if name != d.me {
			return name
		}
	}
	return d.me
}

// display is what somebody is called in a deal. Who could be taken for somebody
// else is called by the account, too.
func (d *directory) display(dealID, account string) string {
	name := line(account)
	known := d.deals[dealID]
	if known == nil {
		return name
	}
	shown, same := name, 0
	for _, p := range known.People {
		if p.Name == account && p.Display != "" {
			shown = p.Display
		}
	}
	for _, p := range known.People {
		if strings.EqualFold(p.Display, shown) || p.Name != account && strings.EqualFold(p.Name, shown) {
			same++
		}
	}
	if same > 1 {
		return shown + " (" + name + ")"
	}
	return shown
}

// present counts who else is there of a topic's people.
func (d *directory) present(t *topic) (there int) {
	known := d.deals[t.Deal]
	if known == nil {
		return 0
	}
	for _, p := range known.People {
		reads := t.Members == nil || slices.Contains(t.Members, p.Name)
		if reads && p.Name != d.me && d.presence[p.Name] == "online" {
			there++
		}
	}
	return there
}
