// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.PackageWriter;
import io.vmmig.error.VmmigException;
import java.io.IOException;
import java.io.InputStream;

/** The paused guest's memory and device state; QEMU holds them back until they are read. */
record Memory(InputStream stream) implements Round {
    @Override
    public void send(PackageWriter writer) throws IOException, VmmigException {
        try (stream) {
            writer.writeSnapshot(stream);
        }
    }
}
