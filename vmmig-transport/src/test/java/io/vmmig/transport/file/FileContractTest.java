// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.error.VmmigException;
import io.vmmig.transport.IncomingSession;
import io.vmmig.transport.Transport;
import io.vmmig.transport.testing.TransportContract;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class FileContractTest extends TransportContract {
    @TempDir
    Path temp;

    @Override
    protected Transport transport() throws Exception {
        return PackageFile.at(temp.resolve("web-1.vmmig")).unsealed();
    }

    @Override
    protected IncomingSession arrival() throws VmmigException {
        return PackageFile.at(temp.resolve("web-1.vmmig")).unsealed().incoming();
    }

    @Override
    protected void assertNothingIsLeft() {
        assertThat(temp).isEmptyDirectory();
    }
}
