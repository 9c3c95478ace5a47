// SPDX-License-Identifier: Apache-2.0
package io.vmmig.pipeline;

import io.vmmig.bundle.PackageWriter;
import io.vmmig.error.VmmigException;
import java.io.IOException;

/**
 * Contents that travel together. Every round but the last is sent while the guest runs; the last one while it is paused. A round writes
 * its entries and nothing else: it never pauses or resumes the guest, and does not decide whether it moves.
 */
interface Round {
    void send(PackageWriter writer) throws IOException, VmmigException;
}
