package server_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"os"
	"path/filepath"
	"testing"
)

const (
	// sheets is where the contact sheets lie, one a state: each column a window,
	// each row a language and its colors.
	sheets = "../web/test/screenshots"
	// readmePicture is the one that the README shows.
	readmePicture = sheets + "/room.png"
	// scale is how much smaller a picture is than what it shows.
	scale = 0.4
	gap   = 16
	// mostOctets is what all sheets may take together.
	mostOctets = 4 << 20
)

// rows are those of a sheet, from above.
var rows = []struct{ lang, colors string }{{"en", "light"}, {"en", "dark"}, {"de", "light"}, {"de", "dark"}}

// cell is where a picture stands in a sheet.
func cell(row, column int) image.Rectangle {
	high := 0
	at := image.Pt(gap, gap)
	for i, size := range windows {
		high = max(high, small(size).Y)
		if i < column {
			at.X += small(size).X + gap
		}
	}
	at.Y += row * (high + gap)
	return image.Rectangle{at, at.Add(small(windows[column]))}
}

func small(size image.Point) image.Point {
	return image.Pt(int(float64(size.X)*scale), int(float64(size.Y)*scale))
}

func sheetSize() image.Point {
	last := cell(len(rows)-1, len(windows)-1)
	return image.Pt(last.Max.X+gap, cell(len(rows), 0).Min.Y)
}

// TestContactSheets has a picture of seventeen states in four windows, two
// languages, in light and dark, to be looked at. REDROOM_SCREENSHOTS=1 makes
// them anew, and the README's; else they only have to be there.
func TestContactSheets(t *testing.T) {
	t.Parallel()
	if os.Getenv("REDROOM_SCREENSHOTS") == "1" {
		makeSheets(t)
	}
	count, octets := 0, int64(0)
	for _, state := range states {
		if !state.sheet {
			continue
		}
		count++
		file, err := os.Open(filepath.Join(sheets, state.name+".jpg"))
		if err != nil {
			t.Errorf("REDROOM_SCREENSHOTS=1 makes what isn't there: %v", err)
			continue
		}
		defer file.Close()
		config, err := jpeg.DecodeConfig(file)
		if err != nil {
			t.Fatalf("%s: %v", state.name, err)
		}
		if size := image.Pt(config.Width, config.Height); size != sheetSize() {
			t.Errorf("the sheet of %s is %v, want %v", state.name, size, sheetSize())
		}
		info, err := file.Stat()
		if err != nil {
			t.Fatal(err)
		}
		octets += info.Size()
	}
	if count != 17 {
		t.Errorf("there are %d sheets, want 17", count)
	}
	if octets > mostOctets {
		t.Errorf("the sheets take %d octets, more than %d", octets, mostOctets)
	}
}

func makeSheets(t *testing.T) {
	t.Helper()
	made := make(map[string]*image.RGBA)
	for _, lang := range []string{"en", "de"} {
		s := newStage(t, lang)
		for _, state := range states {
			if !state.sheet || !state.isLookedAt() {
				continue
			}
			state.reach(s)
			if made[state.name] == nil {
				made[state.name] = image.NewRGBA(image.Rectangle{Max: sheetSize()})
				draw.Draw(made[state.name], made[state.name].Bounds(), image.NewUniform(color.Gray{0x80}), image.Point{}, draw.Src)
			}
			for row, of := range rows {
				for column, size := range windows {
					if of.lang != lang {
						continue
					}
					s.p.Show(int64(size.X), int64(size.Y), of.colors)
					s.p.Settle()
					place := cell(row, column)
					draw.Draw(made[state.name], place, decodePNG(t, s.p.Small(scale)), image.Point{}, draw.Src)
					if state.name == "room" && of.lang == "en" && of.colors == "light" && size.X == 1280 {
						write(t, readmePicture, s.p.Picture())
					}
				}
			}
		}
	}
	for name, sheet := range made {
		var encoded bytes.Buffer
		if err := jpeg.Encode(&encoded, sheet, &jpeg.Options{Quality: 66}); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(sheets, name+".jpg"), encoded.Bytes())
	}
}

// isDrawn makes sure of a small picture that it has the colors that were asked
// for, and that something is in it.
func (s *stage) isDrawn(state state, colors string) {
	s.t.Helper()
	shown := decodePNG(s.t, s.p.Small(0.25))
	if dark := luminance(shown.At(1, 1)) < 0x8000; dark != (colors == "dark") {
		s.t.Errorf("%s, %s: it isn't %s", state.name, s.lang, colors)
	}
	if share := ink(shown); share < 0.005 {
		s.t.Errorf("%s, %s: it is blank: %.2f %% of it is anything but its ground", state.name, s.lang, 100*share)
	}
}

func decodePNG(t *testing.T, octets []byte) image.Image {
	t.Helper()
	picture, err := png.Decode(bytes.NewReader(octets))
	if err != nil {
		t.Fatal(err)
	}
	return picture
}

// ink is the share of a picture that isn't of its most frequent color.
func ink(picture image.Image) float64 {
	counts := map[color.Color]int{}
	most, b := 0, picture.Bounds()
	for y := b.Min.Y; y < b.Max.Y; y++ {
		for x := b.Min.X; x < b.Max.X; x++ {
			c := picture.At(x, y)
			counts[c]++
			most = max(most, counts[c])
		}
	}
	return 1 - float64(most)/float64(b.Dx()*b.Dy())
}

func luminance(c color.Color) uint16 { return color.Gray16Model.Convert(c).(color.Gray16).Y }

func write(t *testing.T, path string, octets []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, octets, 0o644); err != nil {
		t.Fatal(err)
	}
}
