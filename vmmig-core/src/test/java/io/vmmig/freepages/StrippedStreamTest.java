// SPDX-License-Identifier: Apache-2.0
package io.vmmig.freepages;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class StrippedStreamTest {
    private static final int PAGES = 4096;
    private static final int PAGE_BYTES = 4096;
    private static final int ZERO = 0x02;
    private static final int PAGE = 0x08;
    private static final int EOS = 0x10;
    private static final int CONTINUE = 0x20;
    private static final String BLOCK = "mach-virt.ram";

    /** A stream, and what is to become of it. */
    private static final class Streams {
        final ByteArrayOutputStream whole = new ByteArrayOutputStream();
        final ByteArrayOutputStream stripped = new ByteArrayOutputStream();
        private final DataOutputStream one = new DataOutputStream(whole);
        private final DataOutputStream two = new DataOutputStream(stripped);

        private interface Writing {
            void to(DataOutputStream out) throws IOException;
        }

        private void both(Writing writing) throws IOException {
            writing.to(one);
            writing.to(two);
        }

        private static void name(DataOutputStream out, String name) throws IOException {
            out.write(name.length());
            out.write(name.getBytes(StandardCharsets.US_ASCII));
        }

        private static void header(DataOutputStream out, int page, int flags, String block) throws IOException {
            out.writeLong((long) page * PAGE_BYTES | flags);
            if ((flags & CONTINUE) == 0) {
                name(out, block);
            }
        }

        void begin() throws IOException {
            both(out -> {
                out.writeInt(0x5145564d);
                out.writeInt(3);
                out.write(1);
                out.writeInt(2);
                name(out, "ram");
                out.writeInt(0);
                out.writeInt(4);
                out.writeLong(2L * PAGES * PAGE_BYTES | 4);
                name(out, BLOCK);
                out.writeLong((long) PAGES * PAGE_BYTES);
                name(out, "other");
                out.writeLong((long) PAGES * PAGE_BYTES);
                out.writeLong(EOS);
                part(out, 2);
            });
        }

        private static void part(DataOutputStream out, int kind) throws IOException {
            out.write(0x7e);
            out.writeInt(2);
            out.write(kind);
            out.writeInt(2);
        }

        void zero(int page, int flags, String block) throws IOException {
            both(out -> {
                header(out, page, ZERO | flags, block);
                out.write(0);
            });
        }

        void page(int page, int flags, String block, byte[] content, boolean strip) throws IOException {
            header(one, page, PAGE | flags, block);
            one.write(content);
            header(two, page, (strip ? ZERO : PAGE) | flags, block);
            two.write(strip ? new byte[1] : content);
        }

        void end(byte[] devices) throws IOException {
            both(out -> {
                out.writeLong(EOS);
                part(out, 3);
                out.writeLong(EOS);
                out.write(0x7e);
                out.writeInt(2);
                out.write(devices);
            });
        }
    }

    private static FreePages everyThird() throws Doubt {
        FreeBlocks blocks = new FreeBlocks(RamLayout.of("aarch64", "virt", (long) PAGES * PAGE_BYTES));
        for (int page = 0; page < PAGES; page += 3) {
            blocks.add((1 << 18) + page, 1);
        }
        return FreePages.of(blocks, Duration.ZERO);
    }

    private static byte[] bytes(int length, Random random) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        return bytes;
    }

    private static byte[] read(InputStream in, Random random) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        byte[] some = new byte[100_000];
        while (true) {
            if (random.nextInt(20) == 0) {
                int one = in.read();
                if (one < 0) {
                    return out.toByteArray();
                }
                out.write(one);
            } else {
                int n = in.read(some, 0, 1 + random.nextInt(some.length));
                if (n < 0) {
                    return out.toByteArray();
                }
                out.write(some, 0, n);
            }
        }
    }

    /** One that gives what it likes, as a pipe does. */
    private static InputStream bitByBit(byte[] bytes, Random random) {
        return new ByteArrayInputStream(bytes) {
            @Override
            public synchronized int read(byte[] target, int offset, int length) {
                return super.read(target, offset, Math.min(length, 1 + random.nextInt(20_000)));
            }
        };
    }

    private static Streams streams(Random random, int[] stripped) throws IOException {
        Streams streams = new Streams();
        streams.begin();
        boolean first = true;
        for (int page = 0; page < PAGES; page++) {
            boolean other = page % 500 == 499;
            int flags = first || other || page % 500 == 0 ? 0 : CONTINUE;
            first = false;
            if (other) {
                streams.page(page, flags, "other", bytes(PAGE_BYTES, random), false);
            } else if (random.nextInt(3) == 0) {
                streams.zero(page, flags, BLOCK);
            } else {
                boolean strip = page % 3 == 0;
                stripped[0] += strip ? 1 : 0;
                streams.page(page, flags, BLOCK, bytes(PAGE_BYTES, random), strip);
            }
        }
        streams.end(bytes(50_000, random));
        return streams;
    }

    @Test
    void freePagesBecomeZeroAndNothingElseChanges() throws Exception {
        for (int seed = 0; seed < 5; seed++) {
            Random random = new Random(seed);
            int[] expected = new int[1];
            Streams streams = streams(random, expected);
            FreePages pages = everyThird();

            byte[] result = read(pages.strip(bitByBit(streams.whole.toByteArray(), random)), random);

            assertThat(result).isEqualTo(streams.stripped.toByteArray());
            assertThat(pages.leftOut()).isEqualTo(expected[0]).isPositive();
        }
    }

    /** A kernel that fills free pages with it asks for it again. */
    @Test
    void poisonStays() throws Exception {
        Streams streams = new Streams();
        streams.begin();
        byte[] poison = new byte[PAGE_BYTES];
        Arrays.fill(poison, (byte) 0xaa);
        streams.page(0, 0, BLOCK, poison, false);
        streams.page(3, CONTINUE, BLOCK, new byte[PAGE_BYTES], true);
        streams.end(new byte[10]);
        FreePages pages = everyThird();

        assertThat(pages.strip(new ByteArrayInputStream(streams.whole.toByteArray()))
                        .readAllBytes())
                .isEqualTo(streams.stripped.toByteArray());
        assertThat(pages.leftOut()).isEqualTo(1);
    }

    @Test
    void whatIsNotUnderstoodPasses() throws Exception {
        Random random = new Random(1);
        byte[] noise = bytes(3_000_000, random);

        assertThat(read(everyThird().strip(bitByBit(noise, random)), random)).isEqualTo(noise);
    }

    @Test
    void aStreamThatBreaksOffIsStrippedAsFarAsItGoes() throws Exception {
        Random random = new Random(2);
        byte[] whole = streams(random, new int[1]).whole.toByteArray();
        byte[] stripped = streams(new Random(2), new int[1]).stripped.toByteArray();
        byte[] part = Arrays.copyOf(whole, whole.length / 2);

        byte[] result = everyThird().strip(new ByteArrayInputStream(part)).readAllBytes();

        int lastRecord = PAGE_BYTES + 8;
        assertThat(Arrays.copyOf(result, result.length - lastRecord))
                .isEqualTo(Arrays.copyOf(stripped, result.length - lastRecord));
    }

    @Test
    void withoutKnowledgeTheStreamIsTheSame() {
        InputStream in = InputStream.nullInputStream();

        assertThat(FreePages.unknown("so").strip(in)).isSameAs(in);
        assertThat(FreePages.unknown("so").isFree(BLOCK, 0)).isFalse();
    }
}
