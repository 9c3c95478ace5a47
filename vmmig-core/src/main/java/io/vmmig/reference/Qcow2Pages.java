// SPDX-License-Identifier: Apache-2.0
package io.vmmig.reference;

import io.vmmig.qcow2.Qcow2Image;
import java.io.IOException;

/** The content of a qcow2 image as a guest sees it. */
record Qcow2Pages(Qcow2Image image) implements PageContent {
    @Override
    public long bytes() {
        return image.virtualBytes();
    }

    @Override
    public void read(long position, byte[] buffer, int offset, int length) throws IOException {
        image.read(position, buffer, offset, length);
    }

    @Override
    public long nextData(long position) throws IOException {
        return image.nextData(position);
    }

    @Override
    public void close() throws IOException {
        image.close();
    }
}
