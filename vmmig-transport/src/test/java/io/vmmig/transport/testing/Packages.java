// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.testing;

import io.vmmig.bundle.Manifest;
import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.bundle.PackageSummary;
import io.vmmig.bundle.PackageWriter;
import io.vmmig.error.Problem;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Offer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.Random;

/** Real packages. */
public final class Packages {
    private Packages() {}

    /** A guest with one disk, whose image does not compress. */
    public static PackageSummary write(OutputStream out, Offer offer, int diskBytes) throws Exception {
        byte[] disk = new byte[diskBytes];
        new Random(7).nextBytes(disk);
        Manifest manifest = offer.manifest();
        try (PackageWriter writer = PackageWriter.to(out, manifest)) {
            writer.writeDomain(offer.domainXml(), null);
            writer.writeDiskLayer("vda", 0, new ByteArrayInputStream(disk));
            writer.writeSnapshot(new ByteArrayInputStream(new byte[100_000]));
            return writer.finish();
        }
    }

    /** The offer that is in a package. */
    public static Offer offer(InputStream in) throws VmmigException {
        return Offer.of(PackageReader.readHead(in, PackageLimits.DEFAULT));
    }

    /** Reads and verifies it. */
    public static PackageSummary read(InputStream in) throws Exception {
        try (PackageReader reader = PackageReader.from(in, PackageLimits.DEFAULT)) {
            for (PackageReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
                if (entry instanceof PackageReader.Entry.DiskLayer layer) {
                    layer.stream().transferTo(OutputStream.nullOutputStream());
                } else if (entry instanceof PackageReader.Entry.Snapshot snapshot) {
                    snapshot.stream().transferTo(OutputStream.nullOutputStream());
                }
            }
            return reader.verify();
        } catch (IOException e) {
            throw VmmigException.from(e, Problem.FILE_FAILED, "could not read the package", "");
        }
    }
}
