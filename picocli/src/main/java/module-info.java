/** The picocli library, under its own name. */
module info.picocli {
  requires static java.sql;

  exports picocli;
}
