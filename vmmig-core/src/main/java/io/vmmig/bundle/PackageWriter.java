// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.format.TarInput;
import io.vmmig.content.Digest;
import io.vmmig.content.Level;
import io.vmmig.error.VmmigException;
import io.vmmig.page.PageSource;
import io.vmmig.snapshot.Reference;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Writes a package as a stream. The contents are given in the order in which the methods stand here, each disk layer in the
 * order of the manifest; out of order is an {@link IllegalStateException}. A write method returns when it has read all of its
 * input, while encoding and writing go on behind it; {@link #finish()} waits for the rest.
 *
 * <p>What an input or the output throws ends the writing and is thrown by the call under way or by the next one: an exception
 * of vmmig as it is, also where an {@link java.io.IOException} has wrapped it. Interrupting the caller's thread ends it with a
 * {@link io.vmmig.error.CancelledException}. A call that waits for its input ends when the input does.
 *
 * <p>The output is written by a thread of the writer's own, flushed after each segment, and never closed. A few
 * segments of 4 MiB are under way at once, so memory stays below 128 MiB for contents of any size. For one thread, except
 * {@link #close()}.
 */
public final class PackageWriter implements AutoCloseable {
    private static final PackageLimits NO_LIMITS = PackageLimits.DEFAULT
            .withDisks(Integer.MAX_VALUE)
            .withLayers(Integer.MAX_VALUE)
            .withKernelBytes(Long.MAX_VALUE)
            .withRamdiskBytes(Long.MAX_VALUE)
            .withMemoryBytes(Long.MAX_VALUE)
            .withVirtualDiskBytes(Long.MAX_VALUE)
            .withDiskBytes(Long.MAX_VALUE);

    private final EncodingLine line;
    private final PackageOrder order;
    private final Manifest manifest;
    private boolean finished;

    private PackageWriter(OutputStream out, Manifest manifest, List<Reference> references, Level level) {
        this.line = new EncodingLine(out, references, level);
        this.order = new PackageOrder(manifest);
        this.manifest = manifest;
    }

    /**
     * Begins a package of what {@code manifest} names.
     *
     * @throws io.vmmig.error.PackageFormatException when no reader would take such a manifest
     */
    public static PackageWriter to(OutputStream out, Manifest manifest) throws VmmigException {
        return to(out, manifest, List.of(), Level.BALANCED);
    }

    /**
     * As {@link #to(OutputStream, Manifest)}, with content that the reader holds as well.
     *
     * @param references the pages of the references that {@code manifest} names, in its order; they stay open for as long as
     *     the writer is used
     * @param level how much work is to go into making the package small
     */
    public static PackageWriter to(OutputStream out, Manifest manifest, List<PageSource> references, Level level)
            throws VmmigException {
        byte[] json = manifest.toJson();
        Manifest.fromJson(json, NO_LIMITS);
        PackageWriter writer = new PackageWriter(out, manifest, PackageReader.numbered(manifest, references), level);
        writer.line.plain(TarInput.FIRST_ENTRY, json);
        return writer;
    }

    /** Writes the kernel that the manifest names; left out when the destination holds it. */
    public void writeKernel(InputStream kernel) throws VmmigException {
        writeSegmented(PackageOrder.KERNEL, kernel);
    }

    /** Writes the ramdisk that the manifest names; left out when the destination holds it. */
    public void writeRamdisk(InputStream ramdisk) throws VmmigException {
        writeSegmented(PackageOrder.RAMDISK, ramdisk);
    }

    /** Waits until all is written, and flushed, that has been given to it. */
    public void flush() throws VmmigException {
        line.flush();
    }

    /** Writes a base image that the manifest includes; left out when the destination holds it. */
    public void writeBaseImage(Manifest.Base base, InputStream image) throws VmmigException {
        writeSegmented(PackageOrder.nameOf(base), image);
    }

    /**
     * Writes the domain XML of a guest that is as the manifest says, and has no definition but this XML.
     *
     * @param cookie what libvirt wants to find beside it, or null
     */
    public void writeDomain(String xml, @Nullable String cookie) throws VmmigException {
        writeDomain(xml, cookie, null, GuestRecord.of(manifest));
    }

    /**
     * Writes the domain XML as the source saved it, and what is known of the guest beside it. A package of format version 1 holds
     * neither definition nor record.
     *
     * @param cookie what libvirt wants to find beside it, or null
     * @param definition the XML that the guest's next start uses, or null if it has none but the saved one
     * @param guest what is known of the guest outside of its XML
     */
    public void writeDomain(String xml, @Nullable String cookie, @Nullable String definition, GuestRecord guest)
            throws VmmigException {
        writePlain(PackageOrder.DOMAIN, xml);
        if (cookie != null) {
            writePlain(PackageOrder.COOKIE, cookie);
        }
        if (manifest.hasGuestRecord()) {
            if (definition != null) {
                writePlain(PackageOrder.DEFINITION, definition);
            }
            line.plain(advanceTo(PackageOrder.GUEST).name(), guest.toJson());
        }
    }

    /**
     * Writes an image of a disk, in the format that the manifest says.
     *
     * @param target the disk, as the manifest names it
     * @param layer which of its images that travel, 0 being the lowest
     */
    public void writeDiskLayer(String target, int layer, InputStream image) throws VmmigException {
        EntryPosition place = order.advanceToLayer(target, layer);
        if (place == null) {
            throw new IllegalStateException("not the time for layer " + layer + " of the disk " + target);
        }
        line.segmented(place, image);
    }

    /** Writes the QEMU migration stream. */
    public void writeSnapshot(InputStream qemuStream) throws VmmigException {
        writeSegmented(PackageSummary.SNAPSHOT, qemuStream);
    }

    private void writePlain(String name, String text) throws VmmigException {
        line.plain(advanceTo(name).name(), text.getBytes(StandardCharsets.UTF_8));
    }

    private void writeSegmented(String name, InputStream content) throws VmmigException {
        line.segmented(advanceTo(name), content);
    }

    private EntryPosition advanceTo(String name) {
        EntryPosition place = finished ? null : order.advanceTo(name);
        if (place == null) {
            throw new IllegalStateException("not the time for the content " + name);
        }
        return place;
    }

    /**
     * Seals the package, writes its end and flushes. The package is whole when this has returned, and never before.
     *
     * @throws io.vmmig.error.IntegrityException with {@link io.vmmig.error.Problem#DIGEST_MISMATCH} when the kernel or ramdisk is not the one that the
     *     manifest names
     */
    public PackageSummary finish() throws VmmigException {
        return finish(contents -> List.of());
    }

    /** Signs the contents of a package. */
    @FunctionalInterface
    public interface Signer {
        /**
         * The signatures to be put into the seal, the oldest first: at most 256 texts of at most 65536 characters, without
         * line breaks.
         *
         * @param contents the digest of all contents
         */
        List<String> sign(Digest contents) throws VmmigException;
    }

    /** As {@link #finish()}, and has the package signed. What {@code signer} throws is thrown on; there is no package then. */
    public PackageSummary finish(Signer signer) throws VmmigException {
        String missing = order.missing();
        if (finished || missing != null) {
            throw new IllegalStateException(finished ? "finished before" : "the content " + missing + " is missing");
        }
        finished = true;
        return PackageSummary.of(line.finish(signer), manifest);
    }

    /** Stops, at any time and from any thread. Without {@link #finish()} the package is left without its end. Idempotent. */
    @Override
    public void close() {
        line.close();
    }
}
