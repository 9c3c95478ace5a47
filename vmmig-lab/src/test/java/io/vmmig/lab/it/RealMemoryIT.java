// SPDX-License-Identifier: Apache-2.0
package io.vmmig.lab.it;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.content.Level;
import io.vmmig.lab.Trees;
import io.vmmig.lab.guest.GuestKind;
import io.vmmig.lab.guest.LabDisk;
import io.vmmig.lab.guest.LabDomain;
import io.vmmig.lab.host.LabGuest;
import io.vmmig.lab.host.LabHost;
import io.vmmig.lab.host.SaveImage;
import io.vmmig.page.PageSource;
import io.vmmig.reference.ImageStore;
import io.vmmig.reference.PageLayout;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * What libvirt's own save has written of real guests goes through packages, which refer to the guests' base images, kernels and
 * ramdisks. It comes out as it went in, byte for byte.
 */
@Tag("slow")
class RealMemoryIT {
    private static final int DAMAGED_BYTES = 8 << 20;
    private static final int VARIANTS = 20;
    private static final int CHUNK_BYTES = 1 << 20;

    /** The levels differ in how they compress, and the guests in what there is to be found. */
    private static Set<Level> levels(GuestKind kind) {
        return switch (kind) {
            case TINY_X86_64 -> EnumSet.allOf(Level.class);
            case TINY_AARCH64 -> EnumSet.of(Level.FASTEST);
            case DEBIAN -> EnumSet.of(Level.BALANCED);
        };
    }

    private static final Map<GuestKind, SaveImage> SAVED = new EnumMap<>(GuestKind.class);
    private static Path directory;

    @BeforeAll
    static void saveGuests() throws IOException {
        LabHost host = Hosts.c();
        directory = Files.createDirectories(Hosts.lab().directory().resolve("memory"));
        Map<GuestKind, LabGuest> guests = new EnumMap<>(GuestKind.class);
        for (GuestKind kind : GuestKind.values()) {
            guests.put(kind, host.start(domain(host, kind)));
        }
        for (GuestKind kind : GuestKind.values()) {
            LabGuest guest = guests.get(kind).ready();
            SAVED.put(kind, SaveImage.of(guest, directory.resolve(guest.name())));
        }
    }

    private static LabDomain domain(LabHost host, GuestKind kind) {
        GuestKind.Image image = kind.image();
        String name = "saved-" + kind.ordinal();
        return LabDomain.of(image, name).disk(LabDisk.overlay(Hosts.disk(host, name, "a"), image.qcow2(), "qcow2"));
    }

    @AfterAll
    static void clear() {
        Hosts.clear();
        Trees.delete(directory);
    }

    private static InputStream stream(GuestKind kind) throws IOException {
        return SAVED.get(kind).stream();
    }

    @ParameterizedTest
    @EnumSource
    void comesBack(GuestKind kind) throws Exception {
        try (References references = References.of(kind.image())) {
            for (Level level : levels(kind)) {
                Path file = directory.resolve(kind + ".vmmig");
                PackageSummary written;
                try (InputStream in = stream(kind);
                        OutputStream out = new BufferedOutputStream(Files.newOutputStream(file), CHUNK_BYTES)) {
                    written = write(in, out, references, level);
                }
                try (InputStream in = Files.newInputStream(file);
                        InputStream expected = stream(kind)) {
                    PackageSummary read = read(in, expected, references);

                    assertThat(read.contents()).as("%s, %s", kind, level).isEqualTo(written.contents());
                }
                long referenced = written.pages().stream()
                        .filter(count -> count.kind() == PackageSummary.PageKind.REFERENCE)
                        .mapToLong(PackageSummary.PageCount::pages)
                        .sum();
                // At least what of the ramdisk is still in memory.
                assertThat(referenced)
                        .as("pages of references, %s, %s", kind, level)
                        .isGreaterThan(500);
                Files.delete(file);
            }
        }
    }

    @Test
    void damagedStreamsComeBackAsTheyAre() throws Exception {
        byte[] whole;
        try (InputStream in = stream(GuestKind.TINY_X86_64)) {
            whole = in.readNBytes(DAMAGED_BYTES);
        }
        try (References references = References.of(GuestKind.TINY_X86_64.image())) {
            for (int seed = 0; seed < VARIANTS; seed++) {
                byte[] damaged = new Damage(new Random(seed)).to(whole);
                ByteArrayOutputStream out = new ByteArrayOutputStream(DAMAGED_BYTES);
                write(new ByteArrayInputStream(damaged), out, references, Level.FASTEST);
                read(new ByteArrayInputStream(out.toByteArray()), new ByteArrayInputStream(damaged), references);
            }
        }
    }

    private static PackageSummary write(InputStream stream, OutputStream out, References references, Level level)
            throws Exception {
        try (PackageWriter writer = PackageWriter.to(out, references.manifest(), references.pages(), level)) {
            writer.writeDomain("<domain/>", null);
            writer.writeSnapshot(stream);
            return writer.finish();
        }
    }

    private static PackageSummary read(InputStream in, InputStream expected, References references) throws Exception {
        try (PackageReader reader = PackageReader.from(in, PackageLimits.DEFAULT, manifest -> references.pages())) {
            for (PackageReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
                if (entry instanceof PackageReader.Entry.Snapshot snapshot) {
                    assertSame(snapshot.stream(), expected);
                }
            }
            return reader.verify();
        }
    }

    private static void assertSame(InputStream actual, InputStream expected) throws IOException {
        byte[] mine;
        long position = 0;
        do {
            mine = actual.readNBytes(CHUNK_BYTES);
            byte[] theirs = expected.readNBytes(CHUNK_BYTES);
            int mismatch = Arrays.mismatch(mine, theirs);
            assertThat(mismatch).as("difference after byte %d", position).isEqualTo(-1);
            position += mine.length;
        } while (mine.length > 0);
    }

    /** What a package of a lab guest refers to. */
    private record References(Manifest manifest, List<PageSource> pages) implements AutoCloseable {
        static References of(GuestKind.Image image) throws Exception {
            ImageStore store = ImageStore.at(directory.resolve("images"));
            List<Manifest.Reference> references = List.of(
                    new Manifest.Reference(Manifest.Reference.Kind.QCOW2, store.add(image.qcow2(), ImageFormat.QCOW2)),
                    new Manifest.Reference(Manifest.Reference.Kind.BOOT, store.add(image.kernel(), ImageFormat.RAW)),
                    new Manifest.Reference(Manifest.Reference.Kind.BOOT, store.add(image.initrd(), ImageFormat.RAW)));
            List<PageSource> pages = new ArrayList<>();
            for (Manifest.Reference reference : references) {
                PageLayout layout =
                        reference.kind() == Manifest.Reference.Kind.BOOT ? PageLayout.BOOT_1 : PageLayout.QCOW2;
                store.references()
                        .prepare(reference.digest(), layout)
                        .toCompletableFuture()
                        .get();
                pages.add(store.references().held(reference.digest(), layout).orElseThrow());
            }
            return new References(describing(references), List.copyOf(pages));
        }

        private static Manifest describing(List<Manifest.Reference> references) {
            return new Manifest(
                    Manifest.FORMAT_VERSION,
                    UUID.randomUUID(),
                    "saved",
                    UUID.randomUUID(),
                    "x86_64",
                    "pc-q35-7.2",
                    "qemu",
                    null,
                    512L << 20,
                    1,
                    true,
                    false,
                    "7.2",
                    "9.0",
                    "lab",
                    Instant.now(),
                    null,
                    null,
                    List.of(),
                    references);
        }

        @Override
        public void close() {
            pages.forEach(PageSource::close);
        }
    }

    /** What may become of a stream on a bad day. */
    private record Damage(Random random) {
        private static final int RECORD_HEADER = 0x28;
        private static final int ZERO_HEADER = 0x22;

        byte[] to(byte[] whole) {
            byte[] damaged = whole.clone();
            for (int i = 0; i <= random.nextInt(8); i++) {
                damaged = once(damaged);
            }
            return damaged;
        }

        private byte[] once(byte[] stream) {
            int at = random.nextBoolean() ? header(stream) : random.nextInt(stream.length);
            int length = Math.min(1 + random.nextInt(random.nextBoolean() ? 16 : 9000), stream.length - at);
            switch (random.nextInt(5)) {
                case 0 -> stream[at] ^= (byte) (1 << random.nextInt(8));
                case 1 -> Arrays.fill(stream, at, at + length, (byte) random.nextInt());
                case 2 -> {
                    return spliced(stream, at, new byte[0], at + length);
                }
                case 3 -> {
                    byte[] more = new byte[length];
                    random.nextBytes(more);
                    return spliced(stream, at, more, at);
                }
                default -> {
                    // The same again, as if it had been sent twice.
                    return spliced(stream, at, Arrays.copyOfRange(stream, at, at + length), at);
                }
            }
            return stream;
        }

        private static byte[] spliced(byte[] stream, int end, byte[] middle, int start) {
            byte[] all = new byte[end + middle.length + stream.length - start];
            System.arraycopy(stream, 0, all, 0, end);
            System.arraycopy(middle, 0, all, end, middle.length);
            System.arraycopy(stream, start, all, end + middle.length, stream.length - start);
            return all;
        }

        /** A byte of what looks like the header of a page, after a place chosen by chance. */
        private int header(byte[] stream) {
            ByteBuffer fields = ByteBuffer.wrap(stream);
            for (int i = random.nextInt(stream.length); i < stream.length - Long.BYTES; i++) {
                long value = fields.getLong(i);
                long flags = value & 0xfff;
                if (value >>> 32 == 0 && value > 0xfff && (flags == RECORD_HEADER || flags == ZERO_HEADER)) {
                    return i + random.nextInt(Long.BYTES);
                }
            }
            return random.nextInt(stream.length);
        }
    }
}
