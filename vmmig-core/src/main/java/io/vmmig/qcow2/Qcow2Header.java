// SPDX-License-Identifier: Apache-2.0
package io.vmmig.qcow2;

import io.vmmig.error.IncompatibleException;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The first cluster of a qcow2 image, of version 2 or 3: the header, its extensions and the backing file's name, and by the format nothing
 * else. It can therefore be rewritten with another backing file, while all other clusters stay unchanged. Immutable.
 *
 * <p>The format is QEMU's, in its {@code docs/interop/qcow2.txt}. Where that document gives no bounds, those that QEMU checks when it opens
 * an image apply.
 */
public final class Qcow2Header {
    static final int MAGIC = 0x514649fb;

    private static final int VERSION = 4;
    private static final int BACKING_OFFSET = 8;
    private static final int BACKING_SIZE = 16;
    private static final int CLUSTER_BITS = 20;
    private static final int VIRTUAL_SIZE = 24;
    private static final int CRYPT_METHOD = 32;
    private static final int L1_ENTRIES = 36;
    private static final int L1_OFFSET = 40;
    private static final int REFCOUNT_OFFSET = 48;
    private static final int REFCOUNT_CLUSTERS = 56;
    private static final int SNAPSHOTS = 60;
    private static final int SNAPSHOTS_OFFSET = 64;
    private static final int INCOMPATIBLE_FEATURES = 72;
    private static final int COMPATIBLE_FEATURES = 80;
    private static final int AUTOCLEAR_FEATURES = 88;
    private static final int REFCOUNT_ORDER = 96;
    private static final int HEADER_LENGTH = 100;
    private static final int COMPRESSION_TYPE = 104;

    private static final int VERSION_2_BYTES = 72;
    private static final int MIN_VERSION_3_BYTES = 104;
    /** The known part of the header. */
    private static final int MAX_VERSION_3_BYTES = 112;

    private static final int MIN_CLUSTER_BITS = 9;
    private static final int MAX_CLUSTER_BITS = 21;
    private static final int MIN_EXTENDED_CLUSTER_BITS = 14;
    private static final int MAX_BACKING_NAME_BYTES = 1023;
    private static final int MAX_L1_BYTES = 32 << 20;
    static final int MAX_REFCOUNT_TABLE_BYTES = 8 << 20;
    private static final int MAX_SNAPSHOTS = 65_536;
    private static final int MAX_REFCOUNT_ORDER = 6;

    private static final long DIRTY = 1;
    private static final long CORRUPT = 1 << 1;
    private static final long EXTERNAL_DATA = 1 << 2;
    private static final long COMPRESSION = 1 << 3;
    private static final long EXTENDED_L2 = 1 << 4;
    private static final long LAZY_REFCOUNTS = 1;
    private static final byte ZSTD = 1;

    private final ByteBuffer cluster;
    private final ImageProblems problems;
    private final int version;
    private final int headerBytes;
    private final HeaderExtensions extensions;
    private final @Nullable Backing backing;

    /**
     * An image's backing file.
     *
     * @param name the backing file's name as recorded, which may be a path or anything else
     * @param format its format's name as recorded, or null if none is
     */
    public record Backing(String name, @Nullable String format) {}

    private Qcow2Header(ByteBuffer cluster, ImageProblems problems) throws VmmigException {
        this.cluster = cluster;
        this.problems = problems;
        this.version = cluster.getInt(VERSION);
        this.headerBytes = version == 2 ? VERSION_2_BYTES : cluster.getInt(HEADER_LENGTH);
        if (version == 3) {
            requireHeaderLength();
            requireKnownFeatures();
        }
        if (cluster.getInt(CRYPT_METHOD) != 0) {
            throw encrypted(problems);
        }
        requireTables();
        long nameOffset = cluster.getLong(BACKING_OFFSET);
        int nameBytes = cluster.getInt(BACKING_SIZE);
        requireBackingName(nameOffset, nameBytes);
        int end = nameOffset == 0 ? clusterBytes() : (int) nameOffset;
        this.extensions = HeaderExtensions.read(cluster, headerBytes, end, problems);
        this.backing = nameOffset == 0 || nameBytes == 0
                ? null
                : new Backing(backingName((int) nameOffset, nameBytes), extensions.backingFormat());
    }

    /**
     * Reads the first cluster, leaving {@code in} at the second. Takes at most 2 MiB of memory for any input.
     *
     * @param image the image's name in messages, such as {@code disk image /srv/a.qcow2}
     * @throws VmmigException with {@link io.vmmig.error.Problem#IMAGE_MALFORMED} if this is not the beginning of a valid qcow2 image, or
     *     {@link io.vmmig.error.Problem#DISK_UNSUPPORTED} if it is encrypted, damaged, has its data in another file or needs an unknown
     *     feature
     * @throws IOException if reading fails
     */
    public static Qcow2Header read(InputStream in, String image) throws IOException, VmmigException {
        ImageProblems problems = new ImageProblems(image);
        byte[] start = in.readNBytes(VERSION_2_BYTES);
        ByteBuffer fields = ByteBuffer.wrap(start);
        if (start.length < VERSION_2_BYTES || fields.getInt(0) != MAGIC) {
            throw problems.malformed("is not a qcow2 image");
        }
        int version = fields.getInt(VERSION);
        if (version != 2 && version != 3) {
            throw problems.unsupported(
                    "is of version " + Integer.toUnsignedString(version) + " of qcow2, and 2 and 3 are known",
                    "Convert it with qemu-img convert.");
        }
        int clusterBits = fields.getInt(CLUSTER_BITS);
        if (clusterBits < MIN_CLUSTER_BITS || clusterBits > MAX_CLUSTER_BITS) {
            throw problems.malformed("has clusters of a size that qcow2 does not allow");
        }
        byte[] cluster = Arrays.copyOf(start, 1 << clusterBits);
        int rest = cluster.length - start.length;
        if (in.readNBytes(cluster, start.length, rest) < rest) {
            throw problems.malformed("ends within its first cluster");
        }
        return new Qcow2Header(ByteBuffer.wrap(cluster), problems);
    }

    private void requireHeaderLength() throws VmmigException {
        if (headerBytes < MIN_VERSION_3_BYTES || headerBytes > clusterBytes() || headerBytes % 8 != 0) {
            throw problems.malformed("has a header of an impossible length");
        }
    }

    private void requireKnownFeatures() throws VmmigException {
        long features = features();
        if ((features & CORRUPT) != 0) {
            throw problems.unsupported("is marked as corrupt", "Repair it with qemu-img check -r all.");
        }
        if ((features & EXTERNAL_DATA) != 0) {
            throw hasDataFile(problems);
        }
        if ((features & ~(DIRTY | COMPRESSION | EXTENDED_L2)) != 0) {
            throw problems.unsupported(
                    "needs features of qcow2 that are not known here (0x" + Long.toHexString(features) + ")",
                    "Convert it with qemu-img convert.");
        }
        byte compression = headerBytes > COMPRESSION_TYPE ? cluster.get(COMPRESSION_TYPE) : 0;
        if (compression != ((features & COMPRESSION) != 0 ? ZSTD : 0)) {
            throw problems.malformed("has a compression type that does not fit its features");
        }
        if ((features & EXTENDED_L2) != 0 && clusterBits() < MIN_EXTENDED_CLUSTER_BITS) {
            throw problems.malformed("has clusters that are too small for extended L2 entries");
        }
        if (Integer.compareUnsigned(cluster.getInt(REFCOUNT_ORDER), MAX_REFCOUNT_ORDER) > 0) {
            throw problems.malformed("has reference counts of an impossible width");
        }
    }

    /** Checks that everything the header points to is after the first cluster, which is rewritten. */
    private void requireTables() throws VmmigException {
        if (virtualBytes() < 0) {
            throw problems.malformed("has an impossible size");
        }
        long entryBytes = (features() & EXTENDED_L2) != 0 ? 16 : 8;
        long perL1Entry = clusterBytes() / entryBytes * clusterBytes();
        long l1Entries = Integer.toUnsignedLong(cluster.getInt(L1_ENTRIES));
        if (l1Entries * Long.BYTES > MAX_L1_BYTES || l1Entries < ceilDiv(virtualBytes(), perL1Entry)) {
            throw problems.malformed("has an L1 table that does not fit its size");
        }
        if (l1Entries > 0) {
            requireBehind(L1_OFFSET, l1Entries * Long.BYTES, "L1 table");
        }
        long refcountBytes = Integer.toUnsignedLong(cluster.getInt(REFCOUNT_CLUSTERS)) << clusterBits();
        if (refcountBytes == 0 || refcountBytes > MAX_REFCOUNT_TABLE_BYTES) {
            throw problems.malformed("has a reference count table of an impossible size");
        }
        requireBehind(REFCOUNT_OFFSET, refcountBytes, "reference count table");
        long snapshots = Integer.toUnsignedLong(cluster.getInt(SNAPSHOTS));
        if (snapshots > MAX_SNAPSHOTS) {
            throw problems.malformed("has too many internal snapshots");
        }
        if (snapshots > 0) {
            requireBehind(SNAPSHOTS_OFFSET, snapshots, "snapshot table");
        }
    }

    private void requireBehind(int field, long bytes, String table) throws VmmigException {
        long offset = cluster.getLong(field);
        if (offset < clusterBytes() || offset % clusterBytes() != 0 || offset > Long.MAX_VALUE - bytes) {
            throw problems.malformed("has its " + table + " at an impossible place");
        }
    }

    private void requireBackingName(long offset, int bytes) throws VmmigException {
        if (offset == 0) {
            return;
        }
        boolean fits = offset >= headerBytes
                && offset <= clusterBytes()
                && bytes >= 0
                && bytes <= MAX_BACKING_NAME_BYTES
                && offset + bytes <= clusterBytes();
        if (!fits) {
            throw problems.malformed("has the name of its backing file at an impossible place");
        }
    }

    private String backingName(int offset, int bytes) throws VmmigException {
        try {
            return StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(cluster.slice(offset, bytes))
                    .toString();
        } catch (CharacterCodingException e) {
            throw problems.unsupported(
                    "has a backing file whose name is not UTF-8", "Rename it, and then use qemu-img rebase -u.");
        }
    }

    static IncompatibleException encrypted(ImageProblems problems) {
        return problems.unsupported("is encrypted", "Convert it to a plain image, and encrypt below it instead.");
    }

    static IncompatibleException hasDataFile(ImageProblems problems) {
        return problems.unsupported("keeps its data in another file", "Convert it with qemu-img convert.");
    }

    /** The size of a cluster, in bytes: 512 to 2 MiB. */
    public int clusterBytes() {
        return 1 << clusterBits();
    }

    /** The size that a guest sees, in bytes. */
    public long virtualBytes() {
        return cluster.getLong(VIRTUAL_SIZE);
    }

    /** The backing file, or null if there is none. */
    public @Nullable Backing backing() {
        return backing;
    }

    int clusterBits() {
        return cluster.getInt(CLUSTER_BITS);
    }

    /** 2 or 3. */
    int version() {
        return version;
    }

    /** The number of entries of the L1 table: enough for the size that a guest sees, and at most 4 million. */
    long l1Entries() {
        return Integer.toUnsignedLong(cluster.getInt(L1_ENTRIES));
    }

    /** The offset of the L1 table in the file, in bytes. */
    long l1Offset() {
        return cluster.getLong(L1_OFFSET);
    }

    /** Whether L2 entries have 16 bytes, and clusters have 32 subclusters. */
    boolean hasExtendedL2() {
        return (features() & EXTENDED_L2) != 0;
    }

    /** Whether compressed clusters are zstd frames rather than raw deflate. */
    boolean compressesWithZstd() {
        return (features() & COMPRESSION) != 0;
    }

    private long features() {
        return version == 2 ? 0 : cluster.getLong(INCOMPATIBLE_FEATURES);
    }

    private static long ceilDiv(long dividend, long divisor) {
        return dividend / divisor + (dividend % divisor == 0 ? 0 : 1);
    }

    /**
     * The first cluster with another backing file. Only known parts are preserved. Optional features that QEMU would have to keep
     * consistent with the data, such as persistent bitmaps, are switched off (autoclear in the format): their clusters are leaked, and
     * {@code qemu-img check -r leaks} frees them.
     *
     * @param replacement the new backing file, or null for none
     * @return one cluster
     * @throws IncompatibleException if the name does not fit, which happens only with very small clusters or very long names
     */
    public byte[] withBacking(@Nullable Backing replacement) throws IncompatibleException {
        byte[] name = replacement == null ? new byte[0] : replacement.name().getBytes(StandardCharsets.UTF_8);
        byte[] format = replacement == null
                ? new byte[0]
                : Objects.requireNonNullElse(replacement.format(), "").getBytes(StandardCharsets.US_ASCII);
        byte[] features = Objects.requireNonNullElse(extensions.featureNames(), new byte[0]);

        int known = Math.min(headerBytes, MAX_VERSION_3_BYTES);
        int formatBytes = format.length == 0 ? 0 : HeaderExtensions.sizeOf(format);
        int needed = known + formatBytes + HeaderExtensions.PREFIX_BYTES + name.length;
        if (name.length > MAX_BACKING_NAME_BYTES || needed > clusterBytes()) {
            throw problems.unsupported(
                    "has no room in its header for a backing file name of " + name.length + " bytes",
                    "Use shorter paths, or convert the image to larger clusters.");
        }
        ByteBuffer out = ByteBuffer.allocate(clusterBytes());
        out.put(cluster.array(), 0, known);
        if (formatBytes > 0) {
            putExtension(out, HeaderExtensions.BACKING_FORMAT, format);
        }
        // Feature names are only for messages; QEMU omits them too if there is no room.
        if (features.length > 0 && needed + HeaderExtensions.sizeOf(features) <= clusterBytes()) {
            putExtension(out, HeaderExtensions.FEATURE_NAMES, features);
        }
        out.position(out.position() + HeaderExtensions.PREFIX_BYTES);
        out.putLong(BACKING_OFFSET, name.length == 0 ? 0 : out.position());
        out.putInt(BACKING_SIZE, name.length);
        out.put(name);
        if (version == 3) {
            out.putLong(COMPATIBLE_FEATURES, cluster.getLong(COMPATIBLE_FEATURES) & LAZY_REFCOUNTS);
            out.putLong(AUTOCLEAR_FEATURES, 0);
            out.putInt(HEADER_LENGTH, known);
            Arrays.fill(out.array(), Math.min(known, COMPRESSION_TYPE + 1), known, (byte) 0);
        }
        return out.array();
    }

    /**
     * As {@link #withBacking}, for a checked image with rebuilt reference counts.
     *
     * @param refcounts their position
     */
    byte[] rewritten(@Nullable Backing replacement, TableRewriter.Refcounts refcounts) throws IncompatibleException {
        byte[] bytes = withBacking(replacement);
        ByteBuffer out = ByteBuffer.wrap(bytes);
        out.putLong(REFCOUNT_OFFSET, refcounts.offset()).putInt(REFCOUNT_CLUSTERS, refcounts.clusters());
        out.putInt(SNAPSHOTS, 0).putLong(SNAPSHOTS_OFFSET, 0);
        if (version == 3) {
            out.putInt(REFCOUNT_ORDER, TableRewriter.REFCOUNT_ORDER);
            out.putLong(INCOMPATIBLE_FEATURES, features() & ~DIRTY);
        }
        return bytes;
    }

    /**
     * Throws if the image has internal snapshots, which would be lost.
     *
     * @throws IncompatibleException with {@link io.vmmig.error.Problem#DISK_UNSUPPORTED} if it has any
     */
    void requireNoSnapshots() throws IncompatibleException {
        if (hasSnapshots()) {
            throw hasSnapshots(problems);
        }
    }

    boolean hasBitmaps() {
        return extensions.bitmaps();
    }

    boolean hasSnapshots() {
        return cluster.getInt(SNAPSHOTS) != 0;
    }

    static IncompatibleException hasSnapshots(ImageProblems problems) {
        return problems.unsupported(
                "has internal snapshots, which do not travel", "Delete them, or keep them in another image.");
    }

    private static void putExtension(ByteBuffer out, int type, byte[] content) {
        int next = out.position() + HeaderExtensions.sizeOf(content);
        out.putInt(type).putInt(content.length).put(content).position(next);
    }
}
