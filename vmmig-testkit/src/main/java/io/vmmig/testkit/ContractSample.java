// SPDX-License-Identifier: Apache-2.0
package io.vmmig.testkit;

import io.vmmig.bundle.PackageLimits;
import io.vmmig.bundle.PackageReader;
import io.vmmig.error.VmmigException;
import io.vmmig.transport.Offer;
import java.io.IOException;
import java.io.InputStream;
import java.util.Random;

/** What the contract suites of transports send. */
final class ContractSample {
    private static final int BYTES = 5 << 20;

    private ContractSample() {}

    /** The same each time. */
    static Offer offer() throws IOException, VmmigException {
        try (InputStream in = golden().open()) {
            return Offer.of(PackageReader.readHead(in, PackageLimits.DEFAULT));
        }
    }

    /** Begins as a package does, and is long enough to be sent in several pieces; transports look at none of it. */
    static byte[] content() throws IOException {
        try (InputStream in = golden().open()) {
            byte[] head = in.readAllBytes();
            byte[] content = new byte[BYTES];
            new Random(7).nextBytes(content);
            System.arraycopy(head, 0, content, 0, Math.min(head.length, content.length));
            return content;
        }
    }

    private static GoldenPackage golden() {
        return GoldenPackage.all().stream()
                .filter(golden -> golden.problem() == null)
                .findFirst()
                .orElseThrow();
    }
}
