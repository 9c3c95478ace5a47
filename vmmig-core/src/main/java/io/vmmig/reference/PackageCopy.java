// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.bundle.ImageFormat;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageReader.Entry;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.content.Digest;
import io.vmmig.content.Level;
import io.vmmig.error.IncompatibleException;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.files.PrivateFiles;
import io.vmmig.page.PageSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads a package to its end, with its references from a store, or rewrites its contents into another package. For one thread, and one use.
 */
final class PackageCopy implements AutoCloseable {
    private final ReferenceStore store;
    private final ImageStore images;
    private final PackageReader reader;
    private final List<PageSource> opened = new ArrayList<>();
    private final Map<Digest, Path> bootFiles = new LinkedHashMap<>();

    /** Begins to read a package. */
    PackageCopy(InputStream in, ReferenceStore store, ImageStore images) throws VmmigException {
        this.store = store;
        this.images = images;
        this.reader = PackageReader.from(in, PackageLimits.DEFAULT, this::open);
    }

    private List<PageSource> open(Manifest manifest) throws VmmigException {
        for (Manifest.Reference reference : manifest.references()) {
            opened.add(store.find(reference)
                    .orElseThrow(() -> missing("refers to a " + reference.kind().word() + " " + reference.digest())));
        }
        return opened;
    }

    private static IncompatibleException missing(String what) {
        return new IncompatibleException(
                Problem.REFERENCE_MISSING,
                "the package " + what + ", which is not here",
                "Add it first, with ImageStore.add or ReferenceStore.addPackage.");
    }

    /** Verifies the whole package, and adds its kernel, ramdisk and base images to the image store. */
    PackageSummary drain() throws IOException, VmmigException {
        for (Entry entry = readBootFiles(); entry != null; entry = reader.next()) {
            if (entry instanceof Entry.Content content) {
                content.stream().transferTo(OutputStream.nullOutputStream());
            }
        }
        PackageSummary summary = reader.verify();
        addBootFiles();
        return summary;
    }

    /** Adds its kernel and ramdisk to the image store, and reads no further. */
    void takeBootFiles() throws IOException, VmmigException {
        readBootFiles();
        addBootFiles();
    }

    private void addBootFiles() throws VmmigException {
        for (Path file : bootFiles.values()) {
            images.add(file, ImageFormat.RAW);
        }
    }

    /** Reads kernel and ramdisk into temporary files, since later pages may refer to them. */
    private @Nullable Entry readBootFiles() throws IOException, VmmigException {
        Manifest manifest = reader.manifest();
        Entry entry = reader.next();
        if (entry instanceof Entry.Kernel kernel) {
            spool(kernel.stream(), manifest.kernel());
            entry = reader.next();
        }
        if (entry instanceof Entry.Ramdisk ramdisk) {
            spool(ramdisk.stream(), manifest.ramdisk());
            entry = reader.next();
        }
        for (; entry instanceof Entry.BaseImage image; entry = reader.next()) {
            images.add(
                    image.stream(),
                    image.base().format(),
                    image.base().content().digest());
            image.stream().transferTo(OutputStream.nullOutputStream());
        }
        return entry;
    }

    private void spool(InputStream in, Manifest.@Nullable Content content) throws IOException, VmmigException {
        Digest digest = Objects.requireNonNull(content).digest();
        Path file = store.spool(in);
        bootFiles.put(digest, file);
        Set<PageLayout> layouts = EnumSet.of(PageLayout.BOOT_2);
        layouts.addAll(PageLayout.ofBootFile(reader.manifest(), digest));
        store.adopt(file, digest, layouts);
    }

    /** Rewrites the package without references to earlier packages, and with kernel and ramdisk if they are available. */
    PackageSummary fold(OutputStream full) throws IOException, VmmigException {
        reader.manifest().requireRestorable();
        Entry entry = readBootFiles();
        List<Manifest.Reference> others = new ArrayList<>();
        List<PageSource> pages = new ArrayList<>();
        for (int i = 0; i < opened.size(); i++) {
            Manifest.Reference reference = reader.manifest().references().get(i);
            if (reference.kind() != Manifest.Reference.Kind.PACKAGE) {
                others.add(reference);
                pages.add(opened.get(i));
            }
        }
        Manifest manifest = reader.manifest().withReferences(others);
        try (PackageWriter writer = PackageWriter.to(full, manifest, pages, Level.BALANCED)) {
            writeBootFile(manifest.kernel(), writer::writeKernel);
            writeBootFile(manifest.ramdisk(), writer::writeRamdisk);
            for (Manifest.Base base : manifest.includedBases()) {
                Path file =
                        images.verified(base.content().digest(), base.format()).path();
                try (InputStream in = Files.newInputStream(file)) {
                    writer.writeBaseImage(base, in);
                }
            }
            for (; entry != null; entry = reader.next()) {
                write(entry, writer);
            }
            reader.verify();
            return writer.finish();
        }
    }

    private interface Writing {
        void write(InputStream content) throws VmmigException;
    }

    private void writeBootFile(Manifest.@Nullable Content content, Writing writing) throws IOException, VmmigException {
        if (content == null) {
            return;
        }
        Path file = bootFiles.get(content.digest());
        if (file == null) {
            Optional<BaseImage> held = images.intact(content.digest());
            if (held.isEmpty()) {
                return;
            }
            file = held.get().path();
        }
        try (InputStream in = Files.newInputStream(file)) {
            writing.write(in);
        }
    }

    private static void write(Entry entry, PackageWriter writer) throws VmmigException {
        if (entry instanceof Entry.Domain domain) {
            writer.writeDomain(domain.xml(), domain.cookie(), domain.definition(), domain.guest());
        } else if (entry instanceof Entry.Precopy precopy) {
            writer.writePrecopy(precopy.stream());
        } else if (entry instanceof Entry.DiskLayer layer) {
            writer.writeDiskLayer(layer.target(), layer.layer(), layer.stream());
        } else if (entry instanceof Entry.Snapshot snapshot) {
            writer.writeSnapshot(snapshot.stream());
        }
    }

    @Override
    public void close() {
        reader.close();
        opened.forEach(PageSource::close);
        bootFiles.values().forEach(PrivateFiles::deleteOrWarn);
    }
}
