{#- One row if the table has another number of rows than `compare_to`: nothing was lost or doubled on the way. -#}
{% test same_row_count(model, compare_to) %}
select
    here.row_count,
    there.row_count as expected_row_count
from (select count(*) as row_count from {{ model }}) as here
cross join (select count(*) as row_count from {{ compare_to }}) as there
where here.row_count <> there.row_count
{% endtest %}
