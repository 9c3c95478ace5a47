// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.EntryPosition.Kind;
import io.vmmig.bundle.PackageLimits.Limit;
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
 * Writes a package as a stream. Call the methods in the order of their declaration, with disk layers in the order of the manifest; any
 * other order causes an {@link IllegalStateException}. A write method returns when it has read all of its input, while encoding and writing
 * continue in the background; {@link #finish()} waits for the rest.
 *
 * <p>An exception of an input or of the output ends the writing, and is thrown by the current or the next call; an exception of vmmig that
 * an {@link java.io.IOException} wraps is unwrapped. Interrupting the caller's thread ends the writing with a {@link
 * io.vmmig.error.CancelledException}. A call that waits for its input ends only when the input ends.
 *
 * <p>A background thread writes the output, flushes it after each segment, and never closes it. A few segments of 4 MiB are processed at
 * once, so memory use stays below 128 MiB for contents of any size. For one thread, except {@link #close()}.
 */
public final class PackageWriter implements AutoCloseable {
    private static final PackageLimits NO_LIMITS = PackageLimits.DEFAULT
            .with(Limit.DISKS, Integer.MAX_VALUE)
            .with(Limit.LAYERS, Integer.MAX_VALUE)
            .with(Limit.KERNEL_BYTES, Long.MAX_VALUE)
            .with(Limit.RAMDISK_BYTES, Long.MAX_VALUE)
            .with(Limit.MEMORY_BYTES, Long.MAX_VALUE)
            .with(Limit.VIRTUAL_DISK_BYTES, Long.MAX_VALUE)
            .with(Limit.DISK_BYTES, Long.MAX_VALUE);

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
     * Begins a package with {@code manifest}.
     *
     * @throws io.vmmig.error.PackageFormatException when no reader would accept the manifest
     */
    public static PackageWriter to(OutputStream out, Manifest manifest) throws VmmigException {
        return to(out, manifest, List.of(), Level.BALANCED);
    }

    /**
     * As {@link #to(OutputStream, Manifest)}, with references that the reader holds as well.
     *
     * @param references the pages of the references that {@code manifest} names, in its order; they stay open for as long as the writer is
     *     used
     * @param level how much work to spend on a small package
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
        writeSegmented(Kind.KERNEL.text(), kernel);
    }

    /** Writes the ramdisk that the manifest names; left out when the destination holds it. */
    public void writeRamdisk(InputStream ramdisk) throws VmmigException {
        writeSegmented(Kind.RAMDISK.text(), ramdisk);
    }

    /** Waits until everything so far is written and flushed. */
    public void flush() throws VmmigException {
        line.flush();
    }

    /** Writes a base image that the manifest includes; left out when the destination holds it. */
    public void writeBaseImage(Manifest.Base base, InputStream image) throws VmmigException {
        writeSegmented(PackageOrder.nameOf(base), image);
    }

    /**
     * Writes the domain XML of a guest without another definition, whose record follows from the manifest.
     *
     * @param cookie what libvirt wants to find beside it, or null
     */
    public void writeDomain(String xml, @Nullable String cookie) throws VmmigException {
        writeDomain(xml, cookie, null, GuestRecord.of(manifest));
    }

    /**
     * Writes the domain XML as the source saved it, and what is known of the guest besides it. A package of format version 1 holds neither
     * definition nor record.
     *
     * @param cookie what libvirt wants to find beside it, or null
     * @param definition the XML for the guest's next start, or null if that is the saved one
     * @param guest what is known of the guest besides its XML
     */
    public void writeDomain(String xml, @Nullable String cookie, @Nullable String definition, GuestRecord guest)
            throws VmmigException {
        writePlain(Kind.DOMAIN.text(), xml);
        if (cookie != null) {
            writePlain(Kind.COOKIE.text(), cookie);
        }
        if (manifest.hasGuestRecord()) {
            if (definition != null) {
                writePlain(Kind.DEFINITION.text(), definition);
            }
            line.plain(advanceTo(Kind.GUEST.text()).name(), guest.toJson());
        }
    }

    /**
     * Writes the part of the QEMU migration stream that is sent while the guest runs, before its disks. It may end anywhere; {@link
     * #writeSnapshot} then writes the rest.
     */
    public void writePrecopy(InputStream qemuStream) throws VmmigException {
        writeSegmented(Kind.PRECOPY.text(), qemuStream);
    }

    /**
     * Writes an image of a disk, in the format that the manifest says.
     *
     * @param target the disk, as the manifest names it
     * @param layer which of its images in the package, 0 being the lowest
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
        writeSegmented(Kind.SNAPSHOT.text(), qemuStream);
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
     * Seals the package, writes its end and flushes. The package is complete only when this has returned.
     *
     * @throws io.vmmig.error.IntegrityException with {@link io.vmmig.error.Problem#DIGEST_MISMATCH} when the kernel or ramdisk is not the
     *     one that the manifest names
     */
    public PackageSummary finish() throws VmmigException {
        return finish(contents -> List.of());
    }

    /** Signs the contents of a package. */
    @FunctionalInterface
    public interface Signer {
        /**
         * The signatures for the seal, the oldest first: at most 256 texts of at most 65536 characters, without line breaks.
         *
         * @param contents the digest of all contents
         */
        List<String> sign(Digest contents) throws VmmigException;
    }

    /** As {@link #finish()}, with signatures. If {@code signer} throws, its exception is rethrown and the package stays incomplete. */
    public PackageSummary finish(Signer signer) throws VmmigException {
        String missing = order.missing();
        if (finished || missing != null) {
            throw new IllegalStateException(finished ? "finished before" : "the content " + missing + " is missing");
        }
        finished = true;
        return line.finish(signer, manifest);
    }

    /** Stops. May be called at any time, by any thread. Without {@link #finish()}, the package stays incomplete. Idempotent. */
    @Override
    public void close() {
        line.close();
    }
}
