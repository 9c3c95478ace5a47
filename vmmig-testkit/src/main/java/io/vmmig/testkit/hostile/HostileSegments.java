// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import static io.vmmig.error.Problem.DIGEST_MISMATCH;
import static io.vmmig.error.Problem.PACKAGE_LIMIT_EXCEEDED;
import static io.vmmig.error.Problem.PACKAGE_MALFORMED;
import static io.vmmig.error.Problem.PACKAGE_TOO_NEW;
import static io.vmmig.testkit.hostile.HandMadePackage.body;
import static io.vmmig.testkit.hostile.HandMadePackage.opaque;
import static io.vmmig.testkit.hostile.HostilePackage.Fault.IN_MEMORY_OR_BEHIND;

import io.vmmig.error.Problem;
import io.vmmig.testkit.hostile.HandMadePackage.Entry;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.function.UnaryOperator;

/** What can be wrong with compressed segments, with the instructions in them, and with the seal about them. */
final class HostileSegments {
    private static final int MIB = 1 << 20;

    private final Cases cases = new Cases();

    private HostileSegments() {}

    static List<HostilePackage> all() {
        HostileSegments segments = new HostileSegments();
        segments.frames();
        segments.instructions();
        segments.contents();
        segments.seals();
        return segments.cases.all();
    }

    /** In a disk, so that it is found before the guest's memory. */
    private void segment(String what, Problem problem, byte[] stored) {
        cases.before(what, problem, parts -> parts.entry(Harmless.VDA).store(stored));
    }

    private void frames() {
        byte[] good = opaque(new TinyQcow2().bytes());
        segment("a bomb of 5 MiB in 200 bytes", PACKAGE_LIMIT_EXCEEDED, ZstdFrames.bomb(5 * MIB, 5 * MIB));
        segment("a frame that says 2^63 bytes", PACKAGE_LIMIT_EXCEEDED, ZstdFrames.bomb(Long.MAX_VALUE, MIB));
        segment("a bomb that says it is small", PACKAGE_MALFORMED, ZstdFrames.bomb(100, 64 * MIB));
        segment("a frame that says it is larger", PACKAGE_MALFORMED, ZstdFrames.saying(good.length + 1, good));
        segment("a window of 2 TiB", PACKAGE_MALFORMED, ZstdFrames.windowed(31, good));
        segment("a frame that does not say its size", PACKAGE_MALFORMED, ZstdFrames.windowed(10, good));
        segment("a frame with a dictionary", PACKAGE_MALFORMED, ZstdFrames.withDictionary(good));
        segment("two frames", PACKAGE_MALFORMED, concat(ZstdFrames.of(good), ZstdFrames.of(new byte[0])));
        segment("a skippable frame", PACKAGE_MALFORMED, concat(ZstdFrames.skippable(), ZstdFrames.of(good)));
        segment("a frame that is cut", PACKAGE_MALFORMED, Harmless.cut(ZstdFrames.of(good), good.length / 2));
        segment("a segment that is no frame", PACKAGE_MALFORMED, good);
        segment("a segment of no bytes", PACKAGE_MALFORMED, new byte[0]);
        segment("a segment of 5 MiB as it is stored", PACKAGE_LIMIT_EXCEEDED, new byte[5 * MIB]);
    }

    private static byte[] concat(byte[] a, byte[] b) {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(a);
        both.writeBytes(b);
        return both.toByteArray();
    }

    private void instruction(String what, int opcode, long... numbers) {
        ByteArrayOutputStream instructions = new ByteArrayOutputStream();
        instructions.write(opcode);
        for (long number : numbers) {
            HandMadePackage.number(instructions, number);
        }
        segment(what, PACKAGE_MALFORMED, ZstdFrames.of(body(instructions.toByteArray(), new byte[0])));
    }

    private void instructions() {
        instruction("an instruction that nobody knows", 99, 1);
        instruction("2^60 pages of zeros", 3, 1L << 60, 0);
        instruction("2^63 pages of zeros", 3, Long.MIN_VALUE, 0);
        instruction("2^63 zero records", 7, Long.MIN_VALUE);
        instruction("opaque bytes that are not there", 0, 5);
        instruction("pages that are not there", 2, 1);
        instruction("a page before the first", 4, 1, 1);
        instruction("a page too long ago", 4, 1, 9000);
        instruction("a page no distance ago", 4, 1, 0);
        instruction("a page of a reference that is not there", 5, 1, 0, 0);
        instruction("a page of the reference 2^63", 5, 1, Long.MIN_VALUE, 0);
        instruction("a changed page of a reference that is not there", 6, 1, 7, 1);
        segment(
                "a segment of 4 MiB and a page, of zeros",
                PACKAGE_LIMIT_EXCEEDED,
                ZstdFrames.of(body(new byte[] {3, (byte) 0x81, 8, 0}, new byte[0])));
        segment(
                "a number without an end",
                PACKAGE_MALFORMED,
                ZstdFrames.of(body(new byte[] {0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1, 0}, new byte[0])));
        segment("an instruction that is cut", PACKAGE_MALFORMED, ZstdFrames.of(body(new byte[] {3}, new byte[0])));
        segment("data that nobody takes", PACKAGE_MALFORMED, ZstdFrames.of(body(new byte[0], new byte[100])));
        segment("instructions that are longer than the body", PACKAGE_MALFORMED, ZstdFrames.of(new byte[] {
            -1, -1, -1, 127, 0
        }));
        segment("a body of three bytes", PACKAGE_MALFORMED, ZstdFrames.of(new byte[3]));
        byte[] nothing = new byte[2 * MIB];
        segment(
                "a million instructions for nothing, and data left",
                PACKAGE_MALFORMED,
                ZstdFrames.of(body(nothing, new byte[1])));
    }

    private void contents() {
        cases.before("segments of nothing, one after the other", PACKAGE_MALFORMED, parts -> {
            int at = parts.indexOf(Harmless.VDB);
            for (int i = 1; i < 3; i++) {
                byte[] empty = ZstdFrames.of(opaque(new byte[0]));
                parts.entries.add(at + i - 1, new Entry("disks/vda.0.qcow2/00000" + i, empty, new byte[0]));
            }
        });
        cases.before("a raw disk that is too short", PACKAGE_MALFORMED, parts -> raw(parts, 4096));
        cases.before("a raw disk that is too long", PACKAGE_MALFORMED, parts -> raw(parts, 8193));
        cases.before("a kernel that is too long", PACKAGE_MALFORMED, parts -> {
            Entry kernel = parts.entry("kernel/000000");
            kernel.store(ZstdFrames.of(new byte[5001]));
            kernel.decoded = new byte[5001];
        });
        cases.behind("another kernel than the manifest's", DIGEST_MISMATCH, parts -> {
            Entry kernel = parts.entry("kernel/000000");
            kernel.store(ZstdFrames.of(new byte[5000]));
            kernel.decoded = new byte[5000];
        });
        cases.before("a domain XML that is not UTF-8", PACKAGE_MALFORMED, parts -> parts.entry("libvirt.xml")
                .store(new byte[] {'<', (byte) 0xff, '>'}));
    }

    private static void raw(HandMadePackage parts, int bytes) {
        Entry disk = parts.entry(Harmless.VDB);
        disk.store(ZstdFrames.of(opaque(new byte[bytes])));
        disk.decoded = new byte[bytes];
    }

    private void seal(String what, Problem problem, UnaryOperator<String> change) {
        cases.afterSeal(what, problem, IN_MEMORY_OR_BEHIND, parts -> {
            Entry seal = parts.entry("seal.json");
            seal.store(change.apply(new String(seal.stored, StandardCharsets.UTF_8))
                    .getBytes(StandardCharsets.UTF_8));
        });
    }

    private void seals() {
        seal("a wrong digest", DIGEST_MISMATCH, json -> json.replaceFirst("sha256:[0-9a-f]{8}", "sha256:00000000"));
        seal("a wrong size", DIGEST_MISMATCH, json -> json.replaceFirst("\"bytes\":[0-9]+", "\"bytes\":7"));
        seal(
                "a wrong number of segments",
                DIGEST_MISMATCH,
                json -> json.replaceFirst("\"segments\":1", "\"segments\":2"));
        seal("a digest that is none", PACKAGE_MALFORMED, json -> json.replaceFirst("sha256:", "sha1:"));
        seal("a seal of nothing", PACKAGE_MALFORMED, json -> "{\"vmmig\":1,\"contents\":[]}");
        seal("a seal that leaves one out", PACKAGE_MALFORMED, json -> json.replaceFirst("\\{\"name\":.*?}},", ""));
        seal("a seal about another path", PACKAGE_MALFORMED, json -> json.replace("\"snapshot\"", "\"../etc/x\""));
        seal("a seal that is not JSON", PACKAGE_MALFORMED, json -> json + "x");
        seal(
                "a seal that says things twice",
                PACKAGE_MALFORMED,
                json -> json.replace("\"vmmig\":1,", "\"vmmig\":1,\"contents\":[],"));
        seal("a newer seal", PACKAGE_TOO_NEW, json -> json.replace("\"vmmig\":1", "\"vmmig\":3"));
        seal(
                "a seal with a critical field",
                PACKAGE_TOO_NEW,
                json -> json.replace("\"vmmig\":1", "\"vmmig\":1,\"novelty\":1,\"critical\":[\"novelty\"]"));
        cases.afterSeal(
                "memory that is not what was sealed", DIGEST_MISMATCH, IN_MEMORY_OR_BEHIND, parts -> parts.entry(
                                Harmless.SNAPSHOT)
                        .store(ZstdFrames.of(opaque(new byte[65536]))));
        cases.afterSeal(
                "a disk that is not what was sealed", DIGEST_MISMATCH, IN_MEMORY_OR_BEHIND, parts -> parts.entry(
                                Harmless.VDB)
                        .store(ZstdFrames.of(opaque(new byte[8192]))));
    }
}
