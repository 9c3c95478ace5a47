// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.IncompatibleException;
import io.vmmig.Problem;
import io.vmmig.VmmigException;
import io.vmmig.bundle.Manifest;
import io.vmmig.page.PageSource;
import io.vmmig.reference.PageLayout;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What one end holds of a package's references. Closes their pages. Not thread-safe. */
final class SharedPages implements AutoCloseable {
    private final Map<Manifest.Reference, PageSource> pages = new LinkedHashMap<>();

    /** Adds a reference, unless it is there; its pages are this object's to close. */
    void add(Manifest.Reference reference, PageSource source) {
        PageSource before = pages.putIfAbsent(reference, source);
        if (before != null) {
            source.close();
        }
    }

    boolean holds(Manifest.Reference reference) {
        return pages.containsKey(reference);
    }

    /** All of them, in the order in which pages are best looked up. */
    List<Manifest.Reference> all() {
        return List.copyOf(pages.keySet());
    }

    /** Those that the other end holds as well. */
    List<Manifest.Reference> among(Set<Manifest.Reference> others) {
        return pages.keySet().stream().filter(others::contains).toList();
    }

    /** The pages of these references. */
    List<PageSource> of(List<Manifest.Reference> references) throws VmmigException {
        List<PageSource> sources = new ArrayList<>();
        for (Manifest.Reference reference : references) {
            PageSource source = pages.get(reference);
            if (source == null) {
                throw new IncompatibleException(
                        Problem.REFERENCE_MISSING,
                        "the package can only be unpacked together with " + words(reference)
                                + ", which the destination does not hold",
                        "Bring that to the destination as well, or make a package that is complete in itself.");
            }
            sources.add(source);
        }
        return sources;
    }

    private static String words(Manifest.Reference reference) {
        String what =
                switch (reference.kind()) {
                    case RAW, QCOW2 -> "the " + reference.kind().word() + " image ";
                    case BOOT -> "the kernel or ramdisk ";
                    case PACKAGE -> "the earlier package with the seal ";
                };
        return what + reference.digest();
    }

    /** How the pages of an image, a kernel or a ramdisk are numbered. */
    static PageLayout layout(Manifest.Reference.Kind kind) {
        return switch (kind) {
            case RAW -> PageLayout.RAW;
            case QCOW2 -> PageLayout.QCOW2;
            case BOOT -> PageLayout.BOOT_1;
            case PACKAGE -> throw new IllegalArgumentException("packages have pages of their own");
        };
    }

    @Override
    public void close() {
        pages.values().forEach(PageSource::close);
    }
}
