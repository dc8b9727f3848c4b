package servertest

import (
	"encoding/binary"
	"os"
	"slices"
)

// Save writes what passed so far to a file that Wireshark reads, of the format of
// pcap with nanoseconds.
func (c *Capture) Save(path string) {
	c.t.Helper()
	packets := c.Packets()
	c.mu.Lock()
	times := slices.Clone(c.times)
	c.mu.Unlock()
	const ethernet = 1
	file := binary.LittleEndian.AppendUint32(nil, 0xa1b23c4d)
	file = binary.LittleEndian.AppendUint16(file, 2) // version 2.4
	file = binary.LittleEndian.AppendUint16(file, 4)
	for _, n := range []uint32{0, 0, largestPacket, ethernet} {
		file = binary.LittleEndian.AppendUint32(file, n)
	}
	for i, p := range packets {
		at := times[i]
		for _, n := range []int{int(at.Unix()), at.Nanosecond(), len(p), len(p)} {
			file = binary.LittleEndian.AppendUint32(file, uint32(n))
		}
		file = append(file, p...)
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		c.t.Fatalf("saving what passed a cable: %v", err)
	}
}
