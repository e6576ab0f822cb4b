-- question: How alike are the places, day by day: mean difference, correlation, who was warmer?
with days as (
    select
        location_id,
        weather_date,
        -- Means that are equal may differ in their last bit: as decimals they tie.
        cast(temperature_mean_c as decimal(18, 6)) as temperature_mean_c
    from weather_daily
    where temperature_mean_c is not null
),

pairs as (
    select
        a.location_id as first_id,
        b.location_id as second_id,
        a.temperature_mean_c as first_c,
        b.temperature_mean_c as second_c
    from days as a
    inner join days as b on a.weather_date = b.weather_date and a.location_id < b.location_id
)

select
    first_place.location_name as first_name,
    second_place.location_name as second_name,
    count(*) as days,
    round(cast(avg(p.first_c - p.second_c) as decimal(18, 6)), 2) as mean_difference_c,
    round(max(abs(p.first_c - p.second_c)), 1) as largest_difference_c,
    round(
        cast(
            case
                when min(p.first_c) < max(p.first_c) and min(p.second_c) < max(p.second_c)
                    then corr(p.first_c, p.second_c)
            end as decimal(18, 6)
        ), 4
    ) as correlation,
    count(case when p.first_c > p.second_c then 1 end) as days_first_warmer,
    count(case when p.first_c < p.second_c then 1 end) as days_second_warmer
from pairs as p
inner join dim_location as first_place on p.first_id = first_place.location_id
inner join dim_location as second_place on p.second_id = second_place.location_id
group by p.first_id, p.second_id, first_place.location_name, second_place.location_name
order by p.first_id asc nulls last, p.second_id asc nulls last
