// SPDX-License-Identifier: Apache-2.0
package io.vmmig.transport.file;

import static org.assertj.core.api.Assertions.assertThat;

import io.vmmig.testkit.PackageStoreContract;
import io.vmmig.transport.PackageStore;
import java.nio.file.Path;
import org.junit.jupiter.api.io.TempDir;

class FileContractTest extends PackageStoreContract {
    @TempDir
    Path temp;

    @Override
    protected PackageStore store() throws Exception {
        return PackageFile.at(temp.resolve("web-1.vmmig")).unsealed();
    }

    @Override
    protected void assertNothingIsLeft() {
        assertThat(temp).isEmptyDirectory();
    }
}
