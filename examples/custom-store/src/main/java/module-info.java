/** A kind of store of its own: tailnets in a folder, each commit a file. */
module example.folder {
  requires dev.tka.store;
  requires static org.jspecify;

  provides dev.tka.store.StoreKind with
      example.folder.FolderKind;
}
