// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.vmmig.bundle.GuestRecord.LeftBehind;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a package says of a guest outside of its XML: its JSON, and its place in the package. */
class GuestRecordTest {
    private static final String JSON = new String(Packages.guest().toJson(), StandardCharsets.UTF_8);

    private static GuestRecord read(String json) throws VmmigException {
        return GuestRecord.fromJson(json.getBytes(StandardCharsets.UTF_8));
    }

    @Test
    void whatIsWrittenIsRead() throws Exception {
        assertThat(read(JSON)).isEqualTo(Packages.guest());
    }

    @Test
    void whatNobodyKnowsIsIgnored() throws Exception {
        assertThat(read(JSON.replace("\"copy\"", "\"mood\": \"good\", \"copy\"")))
                .isEqualTo(Packages.guest());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'\"running\": false,' | '' | PACKAGE_MALFORMED | running is missing",
                "'\"running\": false' | '\"running\": 0' | PACKAGE_MALFORMED | neither true nor false",
                "'\"autostart\": true,' | '' | PACKAGE_MALFORMED | autostart is missing",
                "'\"copy\": true,' | '' | PACKAGE_MALFORMED | copy is missing",
                "'\"copy\": true,' | '\"copy\": true, \"copy\": true,' | PACKAGE_MALFORMED | twice",
                "'\"copy\": true,' | '\"copy\": true, \"critical\": [\"mood\"],' | PACKAGE_TOO_NEW | mood",
                "'\"leftBehind\"' | '\"left\"' | PACKAGE_MALFORMED | leftBehind is missing",
                "'\"snapshot\"' | '\"Snapshot!\"' | PACKAGE_MALFORMED | kind",
                "'before the upgrade' | '' | PACKAGE_MALFORMED | name",
                "'before the upgrade' | '\\u001b[2J' | PACKAGE_MALFORMED | name",
                "'\"name\": \"web-1\"' | '\"name\": 7' | PACKAGE_MALFORMED | not a string",
            })
    void refuses(String from, String to, Problem problem, String words) {
        String replaced = to == null ? JSON.replace(from, "") : JSON.replace(from, to);
        assertThat(replaced).isNotEqualTo(JSON);
        assertThat(catchThrowableOfType(PackageFormatException.class, () -> read(replaced)))
                .satisfies(e -> assertThat(e.problem()).isEqualTo(problem))
                .hasMessageContaining(words);
    }

    /** Writers have not always said so, and had lent memory all the same. */
    @Test
    void whoDoesNotSayMayHaveLentMemory() throws Exception {
        assertThat(read(JSON.replace("\"lent\": true,", "")).lent()).isTrue();
        assertThat(read(JSON.replace("\"lent\": true", "\"lent\": false")).lent())
                .isFalse();
    }

    @Test
    void howeverMuchAHostKnowsCanBeRead() throws Exception {
        List<LeftBehind> many = IntStream.range(0, 5000)
                .mapToObj(i -> new LeftBehind("snapshot", "\u001b\u6f22".repeat(300) + i))
                .toList();
        GuestRecord guest = new GuestRecord(true, false, false, false, many);
        assertThat(GuestRecord.fromJson(guest.toJson()).leftBehind())
                .hasSize(1024)
                .allSatisfy(
                        left -> assertThat(left.name()).startsWith("?\u6f22").hasSizeLessThan(256));
    }

    private static void refused(Packages.Contents contents, Consumer<List<Map.Entry<String, byte[]>>> change)
            throws Exception {
        List<Map.Entry<String, byte[]>> entries = PackageHostileTest.entries(Packages.write(contents));
        change.accept(entries);
        byte[] bytes = PackageHostileTest.tar(entries);
        assertThat(catchThrowableOfType(VmmigException.class, () -> Packages.read(bytes)))
                .satisfies(e -> assertThat(e.problem()).isEqualTo(Problem.PACKAGE_MALFORMED));
        assertThat(catchThrowableOfType(
                        VmmigException.class,
                        () -> PackageReader.readEvidence(
                                new java.io.ByteArrayInputStream(bytes), PackageLimits.DEFAULT)))
                .satisfies(e -> assertThat(e.problem()).isEqualTo(Problem.PACKAGE_MALFORMED));
    }

    private static Map.Entry<String, byte[]> take(List<Map.Entry<String, byte[]>> entries, String name) {
        Map.Entry<String, byte[]> entry = entries.stream()
                .filter(e -> e.getKey().equals(name))
                .findFirst()
                .orElseThrow();
        entries.remove(entry);
        return entry;
    }

    @Test
    void aPackageWithoutItIsRefused() throws Exception {
        refused(Packages.small(), entries -> take(entries, "guest.json"));
    }

    @Test
    void theDefinitionComesBeforeIt() throws Exception {
        refused(Packages.small(), entries -> {
            int at = entries.indexOf(entries.stream()
                    .filter(e -> e.getKey().equals("definition.xml"))
                    .findFirst()
                    .orElseThrow());
            entries.add(at + 1, take(entries, "definition.xml"));
        });
    }

    @Test
    void itComesOnce() throws Exception {
        refused(Packages.small(), entries -> {
            Map.Entry<String, byte[]> guest = entries.stream()
                    .filter(e -> e.getKey().equals("guest.json"))
                    .findFirst()
                    .orElseThrow();
            entries.add(entries.indexOf(guest), guest);
        });
    }

    /** A package of version 1 has no place for it, so that nobody takes from it what another reader does not see. */
    @Test
    void aPackageOfVersion1DoesNotHaveIt() throws Exception {
        refused(Packages.small(), entries -> {
            byte[] manifest = new String(take(entries, "manifest.json").getValue(), StandardCharsets.UTF_8)
                    .replace("\"vmmig\": 2", "\"vmmig\": 1")
                    .getBytes(StandardCharsets.UTF_8);
            entries.add(0, Map.entry("manifest.json", manifest));
        });
    }
}
