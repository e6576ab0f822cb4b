-- Where the lake lies. The integration has the rights, so that no key stands here.
CREATE OR REPLACE STAGE ${database}.landing.lake
    URL = '${lake}/'
    STORAGE_INTEGRATION = ${integration}
    COMMENT = 'The lake, of which loads name the files of one committed snapshot';
