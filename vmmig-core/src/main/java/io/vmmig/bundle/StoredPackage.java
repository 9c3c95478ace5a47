// SPDX-License-Identifier: Apache-2.0
package io.vmmig.bundle;

import io.vmmig.bundle.format.Seal;
import io.vmmig.bundle.format.SealedContent;
import io.vmmig.bundle.format.TarHeader;
import io.vmmig.bundle.format.TarInput;
import io.vmmig.content.Digest;
import io.vmmig.error.IntegrityException;
import io.vmmig.error.PackageFormatException;
import io.vmmig.error.Problem;
import io.vmmig.json.Malformed;
import java.io.IOException;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;

/** A package as it is stored: it is compared with its seal, and nothing in it is decoded. For one thread. */
final class StoredPackage {
    private static final int BUFFER_BYTES = 256 << 10;

    private final TarInput tar;
    private final PackageOrder order;
    private final PackageLimits limits;
    private final byte[] buffer = new byte[BUFFER_BYTES];
    private final List<Stored> contents = new ArrayList<>();
    private long entries = 1;

    /** What the entries of one content hold. */
    private static final class Stored {
        private final String name;
        private final MessageDigest sha256 = Digest.newSha256();
        private long segments;
        private long bytes;

        Stored(String name) {
            this.name = name;
        }
    }

    private StoredPackage(TarInput tar, PackageOrder order, PackageLimits limits) {
        this.tar = tar;
        this.order = order;
        this.limits = limits;
    }

    /**
     * Reads the rest of a package, behind its manifest.
     *
     * @param manifest what the manifest's entry held
     * @param order the order that the manifest asks for
     * @return the seal; what stands before it is, as it is stored, what was sealed
     * @throws IntegrityException with {@link Problem#DIGEST_MISMATCH} when it is not
     * @throws PackageFormatException when it is no whole package
     */
    public static Seal read(TarInput tar, byte[] manifest, PackageOrder order, PackageLimits limits)
            throws IOException, PackageFormatException, IntegrityException {
        StoredPackage stored = new StoredPackage(tar, order, limits);
        Stored first = stored.add(TarInput.FIRST_ENTRY);
        first.sha256.update(manifest);
        first.bytes = manifest.length;
        Seal seal = stored.readToSeal();
        stored.requireSealed(seal);
        return seal;
    }

    private Stored begin(String name, boolean segmented) throws PackageFormatException {
        Place place = order.advanceTo(name);
        if (place == null || place.kind().segmented() != segmented) {
            throw Malformed.because("the content " + name + " does not belong there by the manifest");
        }
        return add(name);
    }

    private Stored add(String name) {
        Stored content = new Stored(name);
        contents.add(content);
        return content;
    }

    private Seal readToSeal() throws IOException, PackageFormatException {
        for (TarHeader header = tar.next(); header != null; header = tar.next()) {
            if (++entries > limits.entries()) {
                throw Malformed.overLimit("the number of entries of the package", entries, limits.entries());
            }
            if (header.name().equals(Seal.ENTRY)) {
                String missing = order.missing();
                if (missing != null) {
                    throw Malformed.because("the package has no " + missing);
                }
                Seal seal = Seal.parse(tar.plain(header, limits.sealBytes()));
                if (tar.next() != null) {
                    throw Malformed.because("the package goes on after its seal");
                }
                return seal;
            }
            read(header);
        }
        throw Malformed.truncated("the package has no seal");
    }

    private void read(TarHeader header) throws IOException, PackageFormatException {
        int slash = header.name().lastIndexOf('/');
        if (slash < 0) {
            if (header.size() > limits.xmlBytes()) {
                throw Malformed.overLimit("the size of " + header.name(), header.size(), limits.xmlBytes());
            }
            digest(header, begin(header.name(), false));
            return;
        }
        String name = header.name().substring(0, slash);
        Stored last = contents.get(contents.size() - 1);
        Stored content = last.segments > 0 && last.name.equals(name) ? last : begin(name, true);
        if (!header.name().equals(Place.segmentName(name, content.segments))) {
            throw Malformed.because("the entry " + header.name() + " is not the next segment of its content");
        }
        if (header.size() > limits.storedSegmentBytes()) {
            throw Malformed.overLimit("the size of " + header.name(), header.size(), limits.storedSegmentBytes());
        }
        content.segments++;
        digest(header, content);
    }

    private void digest(TarHeader header, Stored content) throws IOException, PackageFormatException {
        content.bytes += header.size();
        tar.pass(header, buffer, length -> content.sha256.update(buffer, 0, length));
    }

    private void requireSealed(Seal seal) throws PackageFormatException, IntegrityException {
        List<String> sealed = seal.contents().stream().map(SealedContent::name).toList();
        if (!sealed.equals(contents.stream().map(content -> content.name).toList())) {
            throw Malformed.because("the seal is about other contents than the package holds");
        }
        for (int i = 0; i < contents.size(); i++) {
            SealedContent said = seal.contents().get(i);
            Stored found = contents.get(i);
            if (said.segments() != found.segments
                    || said.storedBytes() != found.bytes
                    || !said.storedDigest().equals(Digest.of(found.sha256))) {
                throw Seal.notAsSealed(found.name);
            }
        }
    }
}
