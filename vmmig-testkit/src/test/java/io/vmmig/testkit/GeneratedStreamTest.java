// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.zip.Deflater;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

@Tag("once")
class GeneratedStreamTest {
    private static final int PAGE = GeneratedStream.PAGE;
    private static final long MEMORY = 200L << 20;
    private static final int DUPLICATES_PERCENT = 12;

    @Test
    void hasEveryPageOfTheGuestOnceInTheRecordsOfQemu() throws IOException {
        Parsed parsed = Parsed.of(GeneratedStream.of(MEMORY, 1));

        assertThat(parsed.pages.keySet().stream().filter(key -> key.startsWith("pc.ram ")))
                .hasSize((int) (MEMORY / PAGE));
        assertThat(parsed.blocks).containsEntry("pc.ram", MEMORY).containsKey("pc.rom");
        assertThat(parsed.sections).as("START, PART, END").containsExactly(1, 2, 3);
        assertThat(parsed.tailBytes).isGreaterThan(100_000);
    }

    @Test
    void mixesPagesAsAGuestDoes() throws IOException {
        Parsed parsed = Parsed.of(GeneratedStream.of(MEMORY, 1));
        Set<ByteBuffer> seen = new HashSet<>();
        int duplicates = 0;
        int incompressible = 0;
        int literal = 0;
        for (byte[] page : parsed.pages.values()) {
            if (page.length == PAGE) {
                literal++;
                duplicates += seen.add(ByteBuffer.wrap(page)) ? 0 : 1;
                incompressible += deflated(page) > PAGE * 9 / 10 ? 1 : 0;
            }
        }

        assertThat(parsed.pages.size() - literal)
                .as("pages of one byte")
                .isBetween(parsed.pages.size() / 2, parsed.pages.size() * 6 / 10);
        assertThat(duplicates).isGreaterThan(literal * DUPLICATES_PERCENT / 100);
        assertThat(incompressible).isBetween(literal / 10, literal / 2);
    }

    private static int deflated(byte[] page) {
        Deflater deflater = new Deflater(1);
        deflater.setInput(page);
        deflater.finish();
        int size = deflater.deflate(new byte[2 * PAGE]);
        deflater.end();
        return size;
    }

    @Test
    void isTheSameForTheSameSeedHoweverItIsRead() throws IOException {
        byte[] whole = GeneratedStream.of(1 << 20, 7).readAllBytes();
        ByteArrayOutputStream piecemeal = new ByteArrayOutputStream();
        try (GeneratedStream stream = GeneratedStream.of(1 << 20, 7)) {
            byte[] buffer = new byte[1000];
            for (int n = stream.read(buffer, 3, 701); n >= 0; n = stream.read(buffer, 3, 701)) {
                piecemeal.write(buffer, 3, n);
                int single = stream.read();
                if (single >= 0) {
                    piecemeal.write(single);
                }
            }
        }

        assertThat(piecemeal.toByteArray()).isEqualTo(whole);
        assertThat(GeneratedStream.of(1 << 20, 8).readAllBytes()).isNotEqualTo(whole);
    }

    @Test
    void refusesMemoryThatIsNotWholePages() {
        assertThatThrownBy(() -> GeneratedStream.of(PAGE + 1, 1)).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> GeneratedStream.of(0, 1)).isInstanceOf(IllegalArgumentException.class);
    }

    /** A reading of the RAM sections by somebody else than who wrote them. */
    private static final class Parsed {
        final Map<String, byte[]> pages = new HashMap<>();
        final Map<String, Long> blocks = new HashMap<>();
        final Set<Integer> sections = new HashSet<>();
        int tailBytes;
        private String block = "";

        static Parsed of(GeneratedStream stream) throws IOException {
            Parsed parsed = new Parsed();
            parsed.read(new DataInputStream(new ByteArrayInputStream(stream.readAllBytes())));
            return parsed;
        }

        private void read(DataInputStream in) throws IOException {
            assertThat(in.readInt()).isEqualTo(0x5145564d);
            assertThat(in.readInt()).isEqualTo(3);
            assertThat(in.read()).isEqualTo(7);
            assertThat(new String(in.readNBytes(in.readInt()), StandardCharsets.US_ASCII))
                    .isEqualTo("pc-q35-7.2");
            int type = in.read();
            while (type != 4) {
                sections.add(type);
                readSection(in, type);
                type = in.read();
            }
            tailBytes = in.readAllBytes().length;
        }

        private void readSection(DataInputStream in, int type) throws IOException {
            int id = in.readInt();
            if (type == 1) {
                assertThat(name(in)).isEqualTo("ram");
                assertThat(in.readLong()).as("instance 0, version 4").isEqualTo(4);
            }
            while (true) {
                long word = in.readLong();
                int flags = (int) (word & 0xfff);
                if (flags == 0x10) {
                    break;
                } else if (flags == 0x04) {
                    readBlocks(in, word - flags);
                } else {
                    block = (flags & 0x20) == 0 ? name(in) : block;
                    byte[] content = in.readNBytes((flags & 0x02) == 0 ? PAGE : 1);
                    assertThat(pages.put(block + " " + (word - flags), content))
                            .as("a page twice")
                            .isNull();
                }
            }
            assertThat(in.read()).isEqualTo(0x7e);
            assertThat(in.readInt()).isEqualTo(id);
        }

        private void readBlocks(DataInputStream in, long total) throws IOException {
            long left = total;
            while (left > 0) {
                String name = name(in);
                long size = in.readLong();
                blocks.put(name, size);
                left -= size;
            }
        }

        private static String name(DataInputStream in) throws IOException {
            return new String(in.readNBytes(in.read()), StandardCharsets.US_ASCII);
        }
    }
}
