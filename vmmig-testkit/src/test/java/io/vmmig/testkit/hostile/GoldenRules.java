// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import static io.vmmig.error.Problem.DIGEST_MISMATCH;
import static io.vmmig.error.Problem.PACKAGE_LIMIT_EXCEEDED;
import static io.vmmig.error.Problem.PACKAGE_MALFORMED;
import static io.vmmig.error.Problem.PACKAGE_TOO_NEW;
import static io.vmmig.error.Problem.PACKAGE_TRUNCATED;
import static io.vmmig.error.Problem.REFERENCE_MISSING;

import io.vmmig.error.Problem;
import io.vmmig.testkit.hostile.HandMadePackage.Entry;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** What the document says of the tar, of segments, of JSON and of the seal, at the edges. */
final class GoldenRules extends GoldenCases {
    private static final int PAGE = 4096;
    private static final byte[] NONE = {};
    private static final String PRECOPY = "precopy/000000";

    GoldenRules() {
        packed("smallest", null, "nothing that could be left out", parts -> {});
        tar();
        segments();
        instructions();
        json();
        times();
        names();
        critical();
        versions();
        seals();
    }

    private void tar() {
        byte[] whole = parts().sealed().bytes();
        refused(
                "tar-cut-in-padding",
                PACKAGE_TRUNCATED,
                "the zeros behind the end do not reach a multiple of 10240",
                Arrays.copyOf(whole, whole.length - 512));
        byte[] dirty = whole.clone();
        dirty[dirty.length - 1] = 1;
        refused("tar-padding-not-zero", PACKAGE_MALFORMED, "the last byte is not zero", dirty);
        refused(
                "tar-goes-on",
                PACKAGE_MALFORMED,
                "10240 zeros more than there have to be",
                Arrays.copyOf(whole, whole.length + 10240));
        resealed(
                "tar-no-seal",
                PACKAGE_TRUNCATED,
                "ends as a tar does, but without a seal",
                parts -> parts.entries.remove(parts.indexOf("seal.json")));
        packed(
                "tar-no-snapshot",
                PACKAGE_MALFORMED,
                "a content that the manifest implies is missing",
                parts -> parts.entries.remove(parts.indexOf(SNAPSHOT)));
        packed(
                "tar-content-twice",
                PACKAGE_MALFORMED,
                "the snapshot comes twice",
                parts -> parts.pages(SNAPSHOT, MEMORY));
        packed(
                "tar-segment-left-out",
                PACKAGE_MALFORMED,
                "segment 000002 follows 000000",
                parts -> parts.pages("snapshot/000002", MEMORY));
        packed("tar-padding-of-content", PACKAGE_MALFORMED, "an entry's padding is not zero", parts -> {
            Entry entry = parts.entry("guest.json");
            byte[] longer = Arrays.copyOf(entry.stored, 512);
            longer[511] = 1;
            byte[] header = entry.header;
            entry.store(longer);
            entry.header = header;
        });
    }

    private void disk(String name, @Nullable Problem problem, String shows, byte[]... bodies) {
        packed(name, problem, shows, parts -> {
            set(
                    parts,
                    MANIFEST,
                    Harmless.replaced(SMALLEST, "\"virtual\": 512, \"file\": 512", "\"virtual\": 0, \"file\": 0"));
            int at = parts.indexOf(DISK);
            parts.entries.remove(at);
            for (int i = 0; i < bodies.length; i++) {
                byte[] frame = ZstdFrames.of(bodies[i]);
                parts.entries.add(at + i, new Entry("disks/vda.0.raw/00000" + i, frame, NONE));
            }
        });
    }

    private void segments() {
        disk("segment-empty", null, "a content of no bytes is one segment", new byte[4]);
        disk(
                "segment-empty-with-instructions",
                null,
                "instructions that produce nothing are a segment of no bytes as well",
                HandMadePackage.body(code(1, 5, 0, 0, 2, 0, 3, 0, 7, 7, 0), NONE));
        disk(
                "segment-empty-twice",
                PACKAGE_MALFORMED,
                "a content of no bytes has one segment",
                new byte[4],
                new byte[4]);
        packed(
                "segment-empty-behind",
                PACKAGE_MALFORMED,
                "no segment of a content with bytes is empty",
                parts -> parts.pages("snapshot/000001", NONE));
        packed("segment-empty-first", PACKAGE_MALFORMED, "no segment of a content with bytes is empty", parts -> {
            parts.entry(SNAPSHOT).store(ZstdFrames.of(new byte[4]));
            parts.entry(SNAPSHOT).decoded = NONE;
            parts.pages("snapshot/000001", MEMORY);
        });
        packed("segments-of-any-size", null, "segments need not be full", parts -> {
            parts.pages("snapshot/000001", text("short segment", 1));
            parts.pages("snapshot/000002", text("longer segment", 700));
        });
        byte[] body = HandMadePackage.opaque(MEMORY);
        snapshot("frame-window-8-mib", null, "the largest window", ZstdFrames.windowed(13, 0, body), MEMORY);
        snapshot(
                "frame-window-9-mib",
                PACKAGE_MALFORMED,
                "a window beyond 8 MiB",
                ZstdFrames.windowed(13, 1, body),
                MEMORY);
        snapshot(
                "frame-without-size",
                PACKAGE_MALFORMED,
                "a frame states its content size",
                ZstdFrames.windowed(10, body),
                MEMORY);
        snapshot(
                "frame-with-dictionary",
                PACKAGE_MALFORMED,
                "a frame uses no dictionary",
                ZstdFrames.withDictionary(body),
                MEMORY);
        snapshot(
                "frame-with-dictionary-0",
                null,
                "the dictionary 0 is none",
                ZstdFrames.withDictionary(body, 0),
                MEMORY);
        byte[] summed = joined(ZstdFrames.of(body), new byte[] {1, 2, 3, 4});
        summed[4] |= 4;
        snapshot("frame-with-wrong-checksum", PACKAGE_MALFORMED, "a checksum that is there counts", summed, MEMORY);
        snapshot(
                "frame-and-another",
                PACKAGE_MALFORMED,
                "nothing follows a segment's frame",
                joined(ZstdFrames.of(body), ZstdFrames.of(NONE)),
                MEMORY);
        snapshot(
                "frame-behind-a-skippable-one",
                PACKAGE_MALFORMED,
                "a segment is one frame",
                joined(ZstdFrames.skippable(), ZstdFrames.of(body)),
                MEMORY);
        snapshot(
                "body-beyond-4456448",
                PACKAGE_LIMIT_EXCEEDED,
                "a body of 4456449 bytes",
                ZstdFrames.bomb(4456449, 4456449),
                MEMORY);
    }

    private void instructions() {
        byte[] two = joined(text("page", PAGE), text("other page", PAGE));
        byte[] both = joined(two, two);
        pages("same-page", null, "SAME repeats earlier pages", code(2, 2, 4, 2, 2), two, both);
        pages(
                "same-cycles",
                null,
                "with n beyond d SAME repeats the last d pages cyclically",
                code(2, 2, 4, 3, 2),
                two,
                joined(both, text("page", PAGE)));
        pages("same-n-0", null, "with n = 0, d need not be there", code(0, 3, 4, 0, 8192), text("x", 3), text("x", 3));
        pages(
                "same-n-0-d-0",
                PACKAGE_MALFORMED,
                "with n = 0, d is in its bounds all the same",
                code(4, 0, 0),
                NONE,
                NONE);
        pages(
                "same-n-0-d-8193",
                PACKAGE_MALFORMED,
                "with n = 0, d is in its bounds all the same",
                code(4, 0, 8193),
                NONE,
                NONE);
        pages(
                "same-before-the-first",
                PACKAGE_MALFORMED,
                "d goes beyond the first page",
                code(2, 2, 4, 1, 3),
                two,
                NONE);
        packed("same-across-segments", null, "pages are numbered through all segments", parts -> {
            parts.entry(SNAPSHOT).store(ZstdFrames.of(HandMadePackage.body(code(2, 2), two)));
            parts.entry(SNAPSHOT).decoded = two;
            parts.entries.add(
                    new Entry("snapshot/000001", ZstdFrames.of(HandMadePackage.body(code(4, 2, 2), NONE)), two));
        });
        pages(
                "fill-is-no-content-page",
                null,
                "FILL does not count for SAME",
                code(2, 1, 3, 1, 7, 4, 1, 1),
                text("page", PAGE),
                joined(text("page", PAGE), filled(7), text("page", PAGE)));
        pages(
                "number-longer-than-needed",
                null,
                "numbers may have more bytes than they need",
                new byte[] {0, (byte) 0x83, (byte) 0x80, 0},
                text("x", 3),
                text("x", 3));
        pages(
                "number-beyond-64-bits",
                null,
                "numbers count modulo 2^64",
                joined(new byte[] {0, (byte) 0x83}, repeated(0x80, 8), new byte[] {2}),
                text("x", 3),
                text("x", 3));
        pages(
                "number-of-11-bytes",
                PACKAGE_MALFORMED,
                "a number has at most 10 bytes",
                joined(new byte[] {0, (byte) 0x83}, repeated(0x80, 9), new byte[] {0}),
                text("x", 3),
                NONE);
        pages(
                "address-modulo-2-64",
                null,
                "addresses count modulo 2^64",
                code(1, (1L << 52) - 1, 7, 2),
                NONE,
                ByteBuffer.allocate(18)
                        .putLong(-4096 | 0x22)
                        .put((byte) 0)
                        .putLong(0x22)
                        .put((byte) 0)
                        .array());
        pages(
                "record-of-a-page",
                null,
                "pages with a header",
                code(1, 5, 18, 1),
                text("page", PAGE),
                joined(ByteBuffer.allocate(8).putLong(5 * PAGE | 0x28).array(), text("page", PAGE)));
        pages("instruction-8", PACKAGE_MALFORMED, "an instruction that is not known", code(8, 0), NONE, NONE);
        pages("instruction-23", PACKAGE_MALFORMED, "ZERO_RECORDS has no other form", code(23, 0), NONE, NONE);
        pages("n-beyond-4194304", PACKAGE_MALFORMED, "n is at most 4194304", code(3, 4194305, 0), NONE, NONE);
        pages(
                "more-than-a-segment",
                PACKAGE_LIMIT_EXCEEDED,
                "1025 pages are more than a segment has",
                code(3, 1025, 0),
                NONE,
                NONE);
        pages("data-left", PACKAGE_MALFORMED, "all data are taken at the end", code(0, 2), text("x", 3), NONE);
        pages("data-missing", PACKAGE_MALFORMED, "data that are not there", code(0, 4), text("x", 3), NONE);
        pages(
                "reference-unknown",
                PACKAGE_MALFORMED,
                "the manifest names no reference 0",
                code(5, 0, 0, 0),
                NONE,
                NONE);
    }

    private static byte[] repeated(int value, int times) {
        byte[] bytes = new byte[times];
        Arrays.fill(bytes, (byte) value);
        return bytes;
    }

    private static byte[] filled(int value) {
        return repeated(value, PAGE);
    }

    private void json() {
        field(
                "unknown-fields",
                null,
                "what is not known may hold any JSON: fractions, empty strings and names, escapes",
                "\"x\": [1.5, -0, 2E-7, null, \"\", \"\\u0000\\ud800\\u202e\\/\", {\"\": false, \"critical\": 1}]");
        field("unknown-number-of-100", null, "a number has at most 100 characters", "\"x\": " + "1".repeat(100));
        field(
                "unknown-number-of-101",
                PACKAGE_MALFORMED,
                "a number has at most 100 characters",
                "\"x\": " + "1".repeat(101));
        field("depth-16", null, "the manifest's own object is the first level", "\"x\": " + nested(15));
        field("depth-17", PACKAGE_MALFORMED, "the manifest's own object is the first level", "\"x\": " + nested(16));
        field(
                "name-twice-unknown",
                PACKAGE_MALFORMED,
                "no name twice, in an object that is not known either",
                "\"x\": {\"a\": 1, \"\\u0061\": 2}");
        field("control-character-unknown", PACKAGE_MALFORMED, "JSON's own rules hold everywhere", "\"x\": \"\t\"");
        manifest("minus-zero", PACKAGE_MALFORMED, "zero has no sign", "\"file\": 512", "\"file\": -0");
        manifest("fraction", PACKAGE_MALFORMED, "numbers are whole", "\"file\": 512", "\"file\": 512.0");
        manifest("exponent", PACKAGE_MALFORMED, "numbers have no exponent", "\"file\": 512", "\"file\": 5e2");
        manifest(
                "number-2-63",
                PACKAGE_MALFORMED,
                "a number beyond 2^63 - 1",
                "\"file\": 512",
                "\"file\": 9223372036854775808");
        manifest(
                "empty-string",
                PACKAGE_MALFORMED,
                "no string of the manifest is empty",
                "\"vcpus\": 1",
                "\"vcpus\": 1, \"cpu\": \"\"");
        manifest(
                "null-is-not-missing",
                PACKAGE_MALFORMED,
                "an optional field is there or not, and never null",
                "\"vcpus\": 1",
                "\"vcpus\": 1, \"cpu\": null");
        packed(
                "too-many-values",
                PACKAGE_MALFORMED,
                "200 001 values and more",
                parts -> set(
                        parts,
                        MANIFEST,
                        Harmless.replaced(
                                SMALLEST,
                                "\"references\": []",
                                "\"references\": [], \"x\": [" + "1,".repeat(200_000) + "1]")));
    }

    private static String nested(int arrays) {
        return "[".repeat(arrays) + "]".repeat(arrays);
    }

    private void created(String name, @Nullable Problem problem, String shows, String moment) {
        manifest("created-" + name, problem, shows, "2026-01-31T12:00:00Z", moment);
    }

    private void times() {
        created("nine-decimals", null, "up to nine decimals", "2026-01-31T12:00:00.123456789Z");
        created("ten-decimals", PACKAGE_MALFORMED, "up to nine decimals", "2026-01-31T12:00:00.1234567890Z");
        created("leap-day", null, "2024 has a 29 February", "2024-02-29T23:59:59Z");
        created("no-leap-day", PACKAGE_MALFORMED, "2026 has no 29 February", "2026-02-29T12:00:00Z");
        created("leap-second", PACKAGE_MALFORMED, "seconds end with 59", "2016-12-31T23:59:60Z");
        created("hour-24", PACKAGE_MALFORMED, "hours end with 23", "2026-01-31T24:00:00Z");
        created("year-0", null, "years are 0000 to 9999", "0000-01-01T00:00:00Z");
        created("offset", PACKAGE_MALFORMED, "the zone is Z", "2026-01-31T12:00:00+00:00");
        created("lower-case", PACKAGE_MALFORMED, "T and Z are upper case", "2026-01-31t12:00:00z");
        created("no-seconds", PACKAGE_MALFORMED, "seconds are not left out", "2026-01-31T12:00Z");
    }

    private void name(String name, @Nullable Problem problem, String shows, String text) {
        manifest("name-" + name, problem, shows, "\"name\": \"golden-1\"", "\"name\": \"" + text + "\"");
    }

    private void names() {
        String pair = "\ud83d\ude00";
        name("of-255", null, "lengths count UTF-16 code units", pair.repeat(127) + "x");
        name("of-256", PACKAGE_MALFORMED, "lengths count UTF-16 code units: 128 characters are 256", pair.repeat(128));
        name("with-blanks", null, "a name may hold blanks, at its ends too", " win\u00a010\u3000");
        name("of-blanks", PACKAGE_MALFORMED, "nothing but characters of the category Zs", " \u00a0\u3000\u2007");
        name("with-direction", PACKAGE_MALFORMED, "no format characters", "a\\u202eb");
        name("with-half-a-pair", PACKAGE_MALFORMED, "no surrogates that are no pair", "a\\ud800b");
        name("with-slash", PACKAGE_MALFORMED, "no slash", "a/b");
        manifest(
                "uuid-in-upper-case",
                PACKAGE_MALFORMED,
                "uuids are in lower case",
                "01234567-89ab-4def",
                "01234567-89AB-4def");
    }

    private void critical() {
        field("critical-known", null, "names of fields that any reader knows", "\"critical\": [\"disks\", \"kernel\"]");
        field("critical-itself", null, "critical is a field that any reader knows", "\"critical\": [\"critical\"]");
        field("critical-empty", null, "no names", "\"critical\": []");
        field("critical-unknown", PACKAGE_TOO_NEW, "a field that is not known", "\"x\": 1, \"critical\": [\"x\"]");
        field(
                "critical-absent",
                PACKAGE_TOO_NEW,
                "a field that is not known, though it is not there",
                "\"critical\": [\"x\"]");
        field(
                "critical-of-another-object",
                PACKAGE_TOO_NEW,
                "a field that is known in another object only",
                "\"critical\": [\"vcpus\"]");
        field("critical-not-names", PACKAGE_MALFORMED, "an array of strings", "\"critical\": [1]");
        field("critical-not-an-array", PACKAGE_MALFORMED, "an array of strings", "\"critical\": \"disks\"");
        packed(
                "critical-in-guest",
                PACKAGE_TOO_NEW,
                "guest.json has the rules of the manifest",
                parts -> set(
                        parts,
                        "guest.json",
                        "{\"running\": true, \"autostart\": false, \"copy\": false, \"leftBehind\": [], \"critical\": [\"x\"]}"));
    }

    private void versions() {
        manifest("version-5", PACKAGE_TOO_NEW, "a version that is not there yet", "\"vmmig\": 2", "\"vmmig\": 5");
        live("live", null, "the snapshot may begin anywhere in QEMU's stream", parts -> {});
        live("live-all-in-precopy", null, "there may be no rest", parts -> {
            parts.entry(SNAPSHOT).store(ZstdFrames.of(new byte[4]));
            parts.entry(SNAPSHOT).decoded = NONE;
        });
        live(
                "live-without-precopy",
                PACKAGE_MALFORMED,
                "a live package has precopy",
                parts -> parts.entries.remove(parts.indexOf(PRECOPY)));
        live(
                "live-precopy-behind-disks",
                PACKAGE_MALFORMED,
                "precopy comes before the disks",
                parts -> Collections.swap(parts.entries, parts.indexOf(PRECOPY), parts.indexOf(DISK)));
        live(
                "live-overlay-on-nothing",
                PACKAGE_MALFORMED,
                "an overlay is the highest of several layers",
                parts -> set(
                        parts,
                        MANIFEST,
                        Harmless.replaced(SMALLEST, "\"vmmig\": 2", "\"vmmig\": 4")
                                .replace("\"file\": 512", "\"file\": 512, \"overlay\": true")));
        packed("precopy-not-live", PACKAGE_MALFORMED, "only a live package has precopy", parts -> precopy(parts));
        baseline("baseline", null, "a baseline has disks and a snapshot only", parts -> {});
        baseline(
                "baseline-with-domain",
                PACKAGE_MALFORMED,
                "a baseline has no domain",
                parts -> parts.entries.add(1, parts().entry("libvirt.xml")));
        baseline(
                "baseline-with-guest",
                PACKAGE_MALFORMED,
                "a baseline has no guest.json",
                parts -> parts.entries.add(1, parts().entry("guest.json")));
        baseline(
                "baseline-without-snapshot",
                PACKAGE_MALFORMED,
                "a baseline has a snapshot",
                parts -> parts.entries.remove(parts.indexOf(SNAPSHOT)));
        manifest("version-0", PACKAGE_MALFORMED, "versions begin with 1", "\"vmmig\": 2", "\"vmmig\": 0");
        manifest(
                "version-not-first",
                PACKAGE_MALFORMED,
                "vmmig is the first field",
                "\"vmmig\": 2,",
                "\"references2\": [], \"vmmig\": 2,");
        packed("version-1", null, "a package of version 1 has no guest.json", parts -> {
            set(parts, MANIFEST, Harmless.replaced(SMALLEST, "\"vmmig\": 2", "\"vmmig\": 1"));
            parts.entries.remove(parts.indexOf("guest.json"));
        });
        manifest(
                "version-1-with-guest",
                PACKAGE_MALFORMED,
                "a package of version 1 has no guest.json",
                "\"vmmig\": 2",
                "\"vmmig\": 1");
        packed(
                "version-2-without-guest",
                PACKAGE_MALFORMED,
                "a package of version 2 has guest.json",
                parts -> parts.entries.remove(parts.indexOf("guest.json")));
        manifest(
                "encoding-unknown",
                PACKAGE_TOO_NEW,
                "an encoding that is not known",
                "\"snapshot\": \"pages\"",
                "\"snapshot\": \"pages-2\"");
        references("reference-kind-unknown", PACKAGE_TOO_NEW, "a kind that is not known", "boot-99");
        references("reference-missing", REFERENCE_MISSING, "content that is nowhere", "raw");
        references("reference-twice", PACKAGE_MALFORMED, "a reference that was named before", "raw", "raw");
        references(
                "references-257",
                PACKAGE_LIMIT_EXCEEDED,
                "at most 256 references",
                IntStream.range(0, 257).mapToObj(i -> "raw").toArray(String[]::new));
    }

    private void live(String name, @Nullable Problem problem, String shows, Consumer<HandMadePackage> change) {
        packed(name, problem, shows, parts -> {
            set(parts, MANIFEST, Harmless.replaced(SMALLEST, "\"vmmig\": 2", "\"vmmig\": 4"));
            precopy(parts);
            change.accept(parts);
        });
    }

    private static void precopy(HandMadePackage parts) {
        byte[] content = text("what was sent while the guest ran", 300);
        parts.entries.add(
                parts.indexOf(DISK), new Entry(PRECOPY, ZstdFrames.of(HandMadePackage.opaque(content)), content));
    }

    private void baseline(String name, @Nullable Problem problem, String shows, Consumer<HandMadePackage> change) {
        packed(name, problem, shows, parts -> {
            set(parts, MANIFEST, Harmless.replaced(SMALLEST, "\"vmmig\": 2", "\"vmmig\": 3"));
            parts.entries.remove(parts.indexOf("libvirt.xml"));
            parts.entries.remove(parts.indexOf("guest.json"));
            change.accept(parts);
        });
    }

    private void references(String name, Problem problem, String shows, String... kinds) {
        manifest(
                name,
                problem,
                shows,
                "\"references\": []",
                "\"references\": ["
                        + Arrays.stream(kinds)
                                .map(kind -> "{ \"kind\": \"" + kind + "\", \"digest\": \"sha256:" + "ab".repeat(32)
                                        + "\" }")
                                .collect(Collectors.joining(", "))
                        + "]");
    }

    private void seals() {
        seal("seal-version-2", null, "the seal's version need not be the manifest's", "\"vmmig\":1", "\"vmmig\":2");
        seal("seal-version-3", PACKAGE_TOO_NEW, "a version that is not there yet", "\"vmmig\":1", "\"vmmig\":3");
        seal("seal-unknown-field", null, "fields that are not known", "\"vmmig\":1", "\"x\":[1.5,\"\"],\"vmmig\":1");
        seal(
                "seal-critical",
                PACKAGE_TOO_NEW,
                "a field that is not known",
                "\"vmmig\":1",
                "\"vmmig\":1,\"critical\":[\"x\"]");
        resealed("seal-wrong-digest", DIGEST_MISMATCH, "another digest", parts -> {
            String json = new String(parts.entry("seal.json").stored, StandardCharsets.UTF_8);
            set(parts, "seal.json", json.replaceFirst("sha256:[0-9a-f]{8}", "sha256:00000000"));
        });
        seal("seal-wrong-size", DIGEST_MISMATCH, "another size", "\"bytes\":512", "\"bytes\":513");
        seal(
                "seal-wrong-encoding",
                DIGEST_MISMATCH,
                "another encoding than the content has",
                "\"encoding\":\"pages\"",
                "\"encoding\":\"zstd\"");
        seal(
                "seal-other-contents",
                PACKAGE_MALFORMED,
                "contents that are not in the package",
                "\"name\":\"libvirt.xml\"",
                "\"name\":\"libvirt-cookie.xml\"");
        seal(
                "seal-signature-of-nobody",
                null,
                "to whom nobody's signatures count, they are texts",
                "\"vmmig\":1",
                "\"vmmig\":1,\"signatures\":[\"nonsense\"]");
        seal(
                "seal-signature-empty",
                PACKAGE_MALFORMED,
                "a signature is not empty",
                "\"vmmig\":1",
                "\"vmmig\":1,\"signatures\":[\"\"]");
        seal(
                "seal-signatures-257",
                PACKAGE_LIMIT_EXCEEDED,
                "at most 256 signatures",
                "\"vmmig\":1",
                "\"vmmig\":1,\"signatures\":[" + "\"x\",".repeat(256) + "\"x\"]");
    }
}
