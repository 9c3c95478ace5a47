// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.code_intelligence.jazzer.junit.FuzzTest;
import io.vmmig.content.Digest;
import io.vmmig.crypto.SignerKey;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.testing.Problems;
import java.nio.charset.StandardCharsets;
import java.util.Collections;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** What a server calls an index: it is one, in its one spelling, or refused. */
class PartIndexFuzzTest {
    private static final PartIndex INDEX = new PartIndex(
            "00000000-0000-0000-0000-000000000001",
            10_000,
            4096,
            List.of(new Digest("a".repeat(64)), new Digest("b".repeat(64)), new Digest("0".repeat(64))));
    private static final String TEXT = new String(INDEX.toBytes(), StandardCharsets.US_ASCII);
    private static final PartIndex OF_PACKAGE = new PartIndex(
            INDEX.id(),
            INDEX.bytes(),
            INDEX.partBytes(),
            INDEX.parts(),
            PartIndex.Ending.of(new byte[PartIndex.TAIL_BYTES], key()));
    private static final String PACKAGE = new String(OF_PACKAGE.toBytes(), StandardCharsets.US_ASCII);

    private static SignerKey key() {
        try {
            return SignerKey.parse("A".repeat(42) + "E");
        } catch (VmmigException e) {
            throw new AssertionError(e);
        }
    }

    static Stream<Arguments> seeds() {
        return Stream.of(
                        TEXT,
                        "",
                        TEXT.substring(0, 150),
                        TEXT + "\n",
                        TEXT + TEXT,
                        TEXT.replace("\n", "\r\n"),
                        TEXT.replace("bytes 10000", "bytes 999999999999999999"),
                        TEXT.replace("bytes 10000", "bytes 010000"),
                        TEXT.replace("bytes 10000", "bytes -1"),
                        TEXT.replace("bytes 10000", "bytes 0"),
                        TEXT.replace("part-bytes 4096", "part-bytes 0"),
                        TEXT.replace("part-bytes 4096", "part-bytes 999999999"),
                        TEXT.replace("aaaa", "AAAA"),
                        TEXT.replace("aaaa", "gggg"),
                        TEXT.replace(".000001", ".000002"),
                        TEXT.replace("# id 0", "# id ../0"),
                        TEXT.replace("parts 1", "parts 3"),
                        TEXT.replace("parts 1", "parts"),
                        TEXT.replace("parts 1", "parts 2"),
                        PACKAGE.replace("parts 2", "parts 1"),
                        PACKAGE.replace("# tail 00", "# tail "),
                        PACKAGE.replace("# tail 0", "# tail A"),
                        PACKAGE.replaceFirst("# receipt [^\n]{9}", "# receipt "),
                        PACKAGE.replaceFirst("# receipt [^\n]*\n", "").replaceFirst("# tail [^\n]*\n", ""),
                        PACKAGE.replaceFirst("(# tail [^\n]*\n)(# receipt [^\n]*\n)", "$2$1"))
                .map(text -> Arguments.of((Object) text.getBytes(StandardCharsets.UTF_8)));
    }

    @MethodSource("seeds")
    @FuzzTest
    void onlyIndexesAreTakenForOnes(byte[] bytes) {
        try {
            assertThat(PartIndex.parse(bytes).toBytes()).isEqualTo(bytes);
        } catch (PackageFormatException e) {
            assertThat(e.getMessage()).isNotBlank();
        }
    }

    @Test
    void itIsReadAsItWasWritten() throws Exception {
        assertThat(PartIndex.parse(INDEX.toBytes())).isEqualTo(INDEX);
        assertThat(PartIndex.parse(OF_PACKAGE.toBytes())).isEqualTo(OF_PACKAGE);
        assertThat(INDEX.size(2)).isEqualTo(10_000 - 2 * 4096);
        assertThat(TEXT.lines().skip(4)).first().asString().isEqualTo("a".repeat(64) + "  " + INDEX.name(0));
    }

    @Test
    void theLargestFits() throws Exception {
        PartIndex largest = new PartIndex(
                "f".repeat(64),
                (long) PartIndex.MAX_PARTS * PartIndex.MAX_PART_BYTES,
                PartIndex.MAX_PART_BYTES,
                Collections.nCopies(PartIndex.MAX_PARTS, new Digest("c".repeat(64))),
                OF_PACKAGE.ending());

        assertThat(largest.toBytes().length).isLessThanOrEqualTo(PartIndex.MAX_BYTES);
        assertThat(PartIndex.parse(largest.toBytes())).isEqualTo(largest);
    }

    @Test
    void whatIsWrongIsNamed() {
        seeds().skip(1).forEach(seed -> {
            byte[] bytes = (byte[]) seed.get()[0];
            Problem problem = new String(bytes, StandardCharsets.UTF_8).contains("parts 3")
                    ? Problem.PACKAGE_TOO_NEW
                    : Problem.PACKAGE_MALFORMED;
            assertThatThrownBy(() -> PartIndex.parse(bytes)).satisfies(e -> Problems.assertProblem(e, problem));
        });
    }
}
