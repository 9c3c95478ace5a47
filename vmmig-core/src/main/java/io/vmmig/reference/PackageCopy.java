// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.Level;
import io.vmmig.VmmigException;
import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageReader.Entry;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.page.PageSource;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A second package of the contents of a first, which refers to no earlier ones; or nothing at all. For one thread. */
final class PackageCopy implements AutoCloseable {
    private final @Nullable PackageWriter writer;

    private PackageCopy(@Nullable PackageWriter writer) {
        this.writer = writer;
    }

    /**
     * Begins a copy.
     *
     * @param out where it goes to, or null if what is read is not written
     * @param manifest that of the first package
     * @param references what it refers to, in the order of the manifest
     */
    static PackageCopy to(@Nullable OutputStream out, Manifest manifest, List<PageSource> references)
            throws VmmigException {
        if (out == null) {
            return new PackageCopy(null);
        }
        List<Manifest.Reference> others = new ArrayList<>();
        List<PageSource> pages = new ArrayList<>();
        for (int i = 0; i < references.size(); i++) {
            Manifest.Reference reference = manifest.references().get(i);
            if (reference.kind() != Manifest.Reference.Kind.PACKAGE) {
                others.add(reference);
                pages.add(references.get(i));
            }
        }
        return new PackageCopy(PackageWriter.to(out, manifest.withReferences(others), pages, Level.BALANCED));
    }

    void add(Entry entry) throws IOException, VmmigException {
        if (entry instanceof Entry.Domain domain) {
            if (writer != null) {
                writer.writeDomain(domain.xml(), domain.cookie());
            }
        } else if (entry instanceof Entry.Kernel kernel) {
            pass(kernel.stream(), PackageWriter::writeKernel);
        } else if (entry instanceof Entry.Ramdisk ramdisk) {
            pass(ramdisk.stream(), PackageWriter::writeRamdisk);
        } else if (entry instanceof Entry.DiskLayer layer) {
            pass(layer.stream(), (to, in) -> to.writeDiskLayer(layer.target(), layer.layer(), in));
        } else if (entry instanceof Entry.Snapshot snapshot) {
            pass(snapshot.stream(), PackageWriter::writeSnapshot);
        }
    }

    private interface Writing {
        void write(PackageWriter to, InputStream content) throws VmmigException;
    }

    private void pass(InputStream content, Writing writing) throws IOException, VmmigException {
        if (writer == null) {
            content.transferTo(OutputStream.nullOutputStream());
        } else {
            writing.write(writer, content);
        }
    }

    /** Finishes the copy; null if there is none. */
    @Nullable
    PackageSummary finish() throws VmmigException {
        return writer == null ? null : writer.finish();
    }

    @Override
    public void close() {
        if (writer != null) {
            writer.close();
        }
    }
}
