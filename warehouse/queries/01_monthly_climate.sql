-- question: What was each month like at each place: temperature, rain, frost?
select
    l.location_name,
    d.year_number,
    d.month_number,
    count(*) as days,
    round(cast(avg(w.temperature_mean_c) as decimal(18, 6)), 1) as temperature_mean_c,
    round(cast(min(w.temperature_min_c) as decimal(18, 6)), 1) as temperature_min_c,
    round(cast(max(w.temperature_max_c) as decimal(18, 6)), 1) as temperature_max_c,
    round(cast(sum(w.precipitation_total_mm) as decimal(18, 6)), 1) as precipitation_total_mm,
    count(case when w.wet_hours > 0 then 1 end) as wet_days,
    count(case when w.temperature_min_c < 0 then 1 end) as frost_days
from weather_daily as w
inner join dim_location as l on w.location_id = l.location_id
inner join dim_date as d on w.date_key = d.date_key
group by l.location_id, l.location_name, d.year_number, d.month_number
order by
    l.location_name asc nulls last,
    l.location_id asc nulls last,
    d.year_number asc nulls last,
    d.month_number asc nulls last
