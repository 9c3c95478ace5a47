// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.content.Digest;
import java.time.Instant;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/** Manifests for tests. */
final class Manifests {
    static final Digest DIGEST = new Digest("ab".repeat(32));

    private Manifests() {}

    static Manifest of(List<Manifest.Disk> disks) {
        return of(null, null, disks);
    }

    static Manifest of(
            Manifest.@Nullable Content kernel, Manifest.@Nullable Content ramdisk, List<Manifest.Disk> disks) {
        return new Manifest(
                Manifest.FORMAT_VERSION,
                UUID.fromString("01234567-89ab-cdef-0123-456789abcdef"),
                "web-1",
                UUID.fromString("11111111-2222-3333-4444-555555555555"),
                "x86_64",
                "pc-q35-7.2",
                "kvm",
                "Skylake-Client",
                512L << 20,
                2,
                true,
                true,
                "7.2.11",
                "9.0.0",
                "alpha",
                Instant.parse("2026-01-31T12:00:00.250Z"),
                kernel,
                ramdisk,
                disks,
                List.of());
    }

    /** So many references, earlier packages all of them. */
    static List<Manifest.Reference> references(int count) {
        return IntStream.range(0, count)
                .mapToObj(i ->
                        new Manifest.Reference(Manifest.Reference.Kind.PACKAGE, new Digest(String.format("%064x", i))))
                .toList();
    }

    /** One of everything. */
    static Manifest full() {
        return of(
                new Manifest.Content(DIGEST, 7_000_000),
                new Manifest.Content(new Digest("cd".repeat(32)), 20_000_000),
                List.of(
                        new Manifest.Disk(
                                "vda",
                                List.of(
                                        new Manifest.Layer(ImageFormat.QCOW2, 1L << 30, 200_000),
                                        new Manifest.Layer(ImageFormat.QCOW2, 1L << 30, 300_000)),
                                new Manifest.Base(new Manifest.Content(DIGEST, 400_000_000), ImageFormat.QCOW2)),
                        new Manifest.Disk("sdb", List.of(new Manifest.Layer(ImageFormat.RAW, 1024, 1024)), null),
                        new Manifest.Disk(
                                "sdc",
                                List.of(),
                                new Manifest.Base(new Manifest.Content(DIGEST, 1000), ImageFormat.RAW))));
    }
}
