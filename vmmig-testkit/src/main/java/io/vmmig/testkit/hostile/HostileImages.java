// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit.hostile;

import static io.vmmig.error.Problem.DISK_UNSUPPORTED;
import static io.vmmig.error.Problem.IMAGE_MALFORMED;
import static io.vmmig.testkit.hostile.TinyQcow2.COMPRESSED;
import static io.vmmig.testkit.hostile.TinyQcow2.COPIED;
import static io.vmmig.testkit.hostile.TinyQcow2.DATA;
import static io.vmmig.testkit.hostile.TinyQcow2.L1;
import static io.vmmig.testkit.hostile.TinyQcow2.L2;

import io.vmmig.error.Problem;
import java.util.List;

/** What can be wrong with a qcow2 image. */
final class HostileImages {
    private static final int DATA_FILE = 0x44415441;
    private static final int LUKS = 0x0537be77;
    private static final int L1_ENTRIES = 36;
    private static final int L1_OFFSET = 40;
    private static final int REFCOUNT_OFFSET = 48;
    private static final int REFCOUNT_CLUSTERS = 56;
    private static final int INCOMPATIBLE = 72;

    private final Cases cases = new Cases();

    private HostileImages() {}

    static List<HostilePackage> all() {
        HostileImages images = new HostileImages();
        images.otherFiles();
        images.headers();
        images.tables();
        return images.cases.all();
    }

    private void image(String what, Problem problem, TinyQcow2 image) {
        image(what, problem, image.bytes());
    }

    private void image(String what, Problem problem, byte[] image) {
        HandMadePackage parts = Harmless.parts();
        HandMadePackage.Entry disk = parts.entry(Harmless.VDA);
        disk.store(ZstdFrames.of(HandMadePackage.opaque(image)));
        disk.decoded = image;
        cases.content(what, problem, parts);
    }

    private static TinyQcow2 qcow2() {
        return new TinyQcow2();
    }

    private void otherFiles() {
        image("a backing file of /etc/shadow", IMAGE_MALFORMED, qcow2().backing("/etc/shadow", "raw"));
        image("a backing file beside it", IMAGE_MALFORMED, qcow2().backing("base.qcow2", "qcow2"));
        image(
                "a backing file in JSON",
                IMAGE_MALFORMED,
                qcow2().backing("json:{\"driver\":\"file\",\"filename\":\"/etc/shadow\"}", "raw"));
        image("a backing file of the network", IMAGE_MALFORMED, qcow2().backing("nbd://127.0.0.1:1/x", "raw"));
        image("a program as a backing file", IMAGE_MALFORMED, qcow2().backing("fat:rw:/etc", "raw"));
        image(
                "a base image that the manifest does not name",
                IMAGE_MALFORMED,
                qcow2().backing("vmmig:sha256:" + "ab".repeat(32), "raw"));
        image("a layer that is not below", IMAGE_MALFORMED, qcow2().backing("vmmig:layer:0", "qcow2"));
        image(
                "a backing file behind the header",
                IMAGE_MALFORMED,
                qcow2().with(8, (long) DATA).with(16, 4));
        image(
                "a backing file with a name of 2^31 bytes",
                IMAGE_MALFORMED,
                qcow2().with(8, 512L).with(16, -1));
        image("a data file", DISK_UNSUPPORTED, qcow2().with(INCOMPATIBLE, 4L).extension(DATA_FILE, "/etc/shadow"));
        image("the name of a data file", DISK_UNSUPPORTED, qcow2().extension(DATA_FILE, "/etc/shadow"));
        image("an encrypted image (AES)", DISK_UNSUPPORTED, qcow2().with(32, 1));
        image("an encrypted image (LUKS)", DISK_UNSUPPORTED, qcow2().with(32, 2).extension(LUKS, "0123456789abcdef"));
    }

    private void headers() {
        image("an image that is marked as corrupt", DISK_UNSUPPORTED, qcow2().with(INCOMPATIBLE, 2L));
        image("a feature that nobody knows", DISK_UNSUPPORTED, qcow2().with(INCOMPATIBLE, 1L << 40));
        image("internal snapshots", DISK_UNSUPPORTED, qcow2().with(60, 1).with(64, (long) DATA));
        image("2^32 internal snapshots", IMAGE_MALFORMED, qcow2().with(60, -1).with(64, (long) DATA));
        image("version 4", DISK_UNSUPPORTED, qcow2().with(4, 4));
        image("an image that is none", IMAGE_MALFORMED, qcow2().with(0, 0));
        image("a raw image in place of qcow2", IMAGE_MALFORMED, new byte[24576]);
        image("an image of one byte", IMAGE_MALFORMED, new byte[1]);
        image("an image that is cut in its header", IMAGE_MALFORMED, Harmless.cut(qcow2().bytes(), 1000));
        image("an image of a virtual size of 2^63", IMAGE_MALFORMED, qcow2().with(24, Long.MIN_VALUE));
        image("an image of a virtual size of 2^63 - 512", IMAGE_MALFORMED, qcow2().with(24, Long.MAX_VALUE - 511));
        image("another virtual size than the manifest's", IMAGE_MALFORMED, qcow2().with(24, 1L << 19));
        image("clusters of 256 bytes", IMAGE_MALFORMED, qcow2().with(20, 8));
        image("clusters of 4 MiB", IMAGE_MALFORMED, qcow2().with(20, 22));
        image("clusters of 2^32 bytes", IMAGE_MALFORMED, qcow2().with(20, 32));
        image("a header of 4 GiB", IMAGE_MALFORMED, qcow2().with(100, -8));
        image("a header of 96 bytes", IMAGE_MALFORMED, qcow2().with(100, 96));
        image("reference counts of 2^32 bits", IMAGE_MALFORMED, qcow2().with(96, 32));
        image(
                "a header extension of 2 GiB",
                IMAGE_MALFORMED,
                qcow2().with(104, 7).with(108, Integer.MAX_VALUE));
        image("a compression that nobody has named", IMAGE_MALFORMED, qcow2().with(INCOMPATIBLE, 8L));
    }

    private void tables() {
        image("no L1 table", IMAGE_MALFORMED, qcow2().with(L1_ENTRIES, 0));
        image("an L1 table of 2^32 entries", IMAGE_MALFORMED, qcow2().with(L1_ENTRIES, -1));
        image("an L1 table in the header", IMAGE_MALFORMED, qcow2().with(L1_OFFSET, 0L));
        image("an L1 table behind the end", IMAGE_MALFORMED, qcow2().with(L1_OFFSET, 1L << 40));
        image("an L1 table that goes on behind the end", IMAGE_MALFORMED, qcow2().with(L1_ENTRIES, 4096));
        image("an L1 table at 2^63", IMAGE_MALFORMED, qcow2().with(L1_OFFSET, Long.MIN_VALUE));
        image("an L1 table between clusters", IMAGE_MALFORMED, qcow2().with(L1_OFFSET, L1 + 8L));
        image("reference counts in the header", IMAGE_MALFORMED, qcow2().with(REFCOUNT_OFFSET, 0L));
        image("reference counts of 16 TiB", IMAGE_MALFORMED, qcow2().with(REFCOUNT_CLUSTERS, -1));
        image("an L2 table in the header", IMAGE_MALFORMED, qcow2().with(L1, COPIED));
        image("an L2 table that is the L1 table", IMAGE_MALFORMED, qcow2().with(L1, COPIED | L1));
        image("an L2 table behind the end", IMAGE_MALFORMED, qcow2().with(L1, COPIED | 6L * TinyQcow2.CLUSTER));
        image("an L2 table at 2^55", IMAGE_MALFORMED, qcow2().with(L1, COPIED | 1L << 55));
        image("an L2 table between clusters", IMAGE_MALFORMED, qcow2().with(L1, COPIED | L2 + 512L));
        image("an L2 table twice", IMAGE_MALFORMED, qcow2().with(L1_ENTRIES, 2).with(L1 + 8, COPIED | L2));
        image("an L1 entry with bits that mean nothing", IMAGE_MALFORMED, qcow2().with(L1, COPIED | L2 | 1L << 60));
        image("data that is the L1 table", IMAGE_MALFORMED, qcow2().with(L2, COPIED | L1));
        image("data that is its own L2 table", IMAGE_MALFORMED, qcow2().with(L2, COPIED | L2));
        image("data of two places in one cluster", IMAGE_MALFORMED, qcow2().with(L2 + 8, COPIED | DATA));
        image("data behind the end", IMAGE_MALFORMED, qcow2().with(L2, COPIED | 6L * TinyQcow2.CLUSTER));
        image("data at 2^55", IMAGE_MALFORMED, qcow2().with(L2, COPIED | 1L << 55));
        image("data between clusters", IMAGE_MALFORMED, qcow2().with(L2, COPIED | DATA + 512L));
        image("an L2 entry with bits that mean nothing", IMAGE_MALFORMED, qcow2().with(L2, COPIED | DATA | 1L << 60));
        image("compressed data in the header", IMAGE_MALFORMED, qcow2().with(L2 + 8, COMPRESSED | 512));
        image("compressed data behind the end", IMAGE_MALFORMED, qcow2().with(L2 + 8, COMPRESSED | 1L << 40));
        image("compressed data in an L2 table", IMAGE_MALFORMED, qcow2().with(L2 + 8, COMPRESSED | L2 + 100L));
        image("compressed data in other data", IMAGE_MALFORMED, qcow2().with(L2 + 8, COMPRESSED | DATA + 100L));
    }
}
