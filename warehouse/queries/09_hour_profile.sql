-- question: How does the temperature go through the day (UTC hours), quarter by quarter?
select
    f.hour_of_day,
    round(cast(avg(case when d.quarter_number = 1 then f.temperature_c end) as decimal(18, 6)), 1) as quarter_1_c,
    round(cast(avg(case when d.quarter_number = 2 then f.temperature_c end) as decimal(18, 6)), 1) as quarter_2_c,
    round(cast(avg(case when d.quarter_number = 3 then f.temperature_c end) as decimal(18, 6)), 1) as quarter_3_c,
    round(cast(avg(case when d.quarter_number = 4 then f.temperature_c end) as decimal(18, 6)), 1) as quarter_4_c,
    count(f.temperature_c) as hours
from fact_weather_hourly as f
inner join dim_date as d on f.date_key = d.date_key
group by f.hour_of_day
order by f.hour_of_day asc nulls last
